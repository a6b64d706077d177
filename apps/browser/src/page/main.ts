/** The page: shows at once what this browser has of the database, then follows the server. */
import { nativeProtocol, wsDialer } from "@datahike-sync/transport-ws/client";
import { BRANCH, databaseCodec, SYNC_PATH } from "../agreement.ts";
import { element } from "./elements.ts";
import { ItemsTable } from "./items-table.ts";
import { Line } from "./line.ts";
import { type Reading, read } from "./reading.ts";
import { repeat } from "./repeat.ts";
import { Replica } from "./replica.ts";
import { Screen } from "./screen.ts";
import { StepsList } from "./steps-list.ts";

async function main(screen: Screen): Promise<void> {
  const replica = await Replica.open();
  const line = new Line(
    wsDialer(`${location.origin.replace(/^http/, "ws")}${SYNC_PATH}`, {
      protocols: [nativeProtocol(databaseCodec())],
    }),
  );
  const subscription = replica.follow(line);
  let shown: Reading | undefined;
  const tell = () => {
    screen.showStatus(subscription.status, line.isCut, shown !== undefined);
    screen.showTraffic(subscription.stats());
  };
  const fail = (error: unknown) => screen.fail(error);
  const measure = repeat(() => screen.showStorage(), fail);
  const steps = new StepsList();
  const refresh = repeat(async () => {
    const reading = await read(replica.store, table.page);
    if (reading !== undefined) {
      table.show(reading);
      screen.showReading(reading);
      steps.show(reading, subscription.stats());
      shown = reading;
      tell();
    }
    measure();
  }, fail);
  const table = new ItemsTable(refresh);
  // Of what other tabs bring, too.
  subscription.onKey(BRANCH, refresh);
  subscription.on({
    onStatus: tell,
    onProgress: (progress) => {
      screen.showProgress(progress);
      screen.showTraffic(subscription.stats());
      measure();
    },
  });
  refresh();
  tell();
  listenToButton(line, tell);
  const began = performance.now();
  await replica.warm((progress) => screen.showWalk(progress, performance.now() - began));
  await replica.tidy();
}

function listenToButton(line: Line, onChange: () => void): void {
  const button = element("cut", HTMLButtonElement);
  button.disabled = false;
  button.addEventListener("click", () => {
    if (line.isCut) line.mend();
    else line.cut();
    button.textContent = line.isCut ? "Mend the line" : "Cut the line";
    onChange();
  });
}

const screen = new Screen();
main(screen).catch((error: unknown) => screen.fail(error));
// Absent outside secure contexts; then the page needs its server to be opened.
(navigator as Partial<Navigator>).serviceWorker?.register("/service-worker.js").catch(() => {});
