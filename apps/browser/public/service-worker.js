/** Keeps the page's files, so that it opens without its server. What the page shows is in IndexedDB. */

const CACHE = "page";
const FILES = ["/", "/page.js", "/page.css", "/icon.svg"];

self.addEventListener("install", (event) => {
  const added = caches.open(CACHE).then((cache) => cache.addAll(FILES));
  event.waitUntil(added.then(() => self.skipWaiting()));
});

// Tabs that are open already are served from now on, too.
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin === self.location.origin && FILES.includes(pathname)) {
    event.respondWith(newestOf(request));
  }
});

/** From the server where it answers: a page of yesterday might not understand what it says today. */
async function newestOf(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request);
    if (kept === undefined) throw error;
    return kept;
  }
}
