/** Builds the page into `dist/page`, under names that the service worker can list. */
import { defineConfig } from "vite";

export default defineConfig({
  build: {
    outDir: "dist/page",
    target: "es2022",
    // Beside its output, so that what a user sees in the developer tools can be read.
    sourcemap: true,
    rollupOptions: {
      output: { entryFileNames: "page.js", assetFileNames: "page[extname]" },
    },
  },
});
