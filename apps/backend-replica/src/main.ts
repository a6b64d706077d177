/** The service as a process: what it is told, how it ends, and what it says of that. */
import { factsOf, jsonLog } from "./log.ts";
import { ReplicaService } from "./replica-service.ts";
import { parseSettings, type Settings, USAGE } from "./settings.ts";

/** What the supervisor is told. */
const FAILED = 1;
const MISUSED = 2;

const log = jsonLog((line) => console.log(line));

async function main(): Promise<void> {
  const settings = settingsOrUsage();
  if (settings === undefined) return;
  const told = signalled();
  const service = await ReplicaService.start(settings, log);
  const failure = await Promise.race([told, service.failed]);
  await service.stop();
  if (failure !== undefined) throw failure;
}

function settingsOrUsage(): Settings | undefined {
  try {
    const settings = parseSettings(process.argv.slice(2), process.env);
    if (settings === undefined) console.log(USAGE);
    return settings;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    process.exitCode = MISUSED;
    return undefined;
  }
}

/** Resolves at the first signal to end. The second ends at once: what was acknowledged is on disk. */
function signalled(): Promise<undefined> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = (signal: NodeJS.Signals): void => {
      signals++;
      log("info", "signal", { signal });
      if (signals > 1) process.exit(FAILED);
      resolve(undefined);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}

try {
  await main();
} catch (error) {
  log("error", "failed", factsOf(error));
  process.exitCode = FAILED;
}
