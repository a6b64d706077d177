/** Random conversations, compared with what a line is: two lists of messages and an end. */
import { SyncError } from "@datahike-sync/core";
import fc from "fast-check";
import { check, failureOf } from "../check.ts";
import { turns } from "../patience.ts";
import { forAll } from "../random.ts";
import type { Case } from "../suite.ts";
import { type DialectContext, examples } from "./context.ts";
import { bodyOf, renumbered, type Said } from "./messages.ts";
import type { Speaker } from "./speaker.ts";

type Step =
  | { readonly do: "say"; readonly from: 0 | 1; readonly which: number; readonly size: number }
  | { readonly do: "wait" };

interface Conversation {
  readonly steps: readonly Step[];
  readonly windows: readonly [number, number];
  /** Who ends the line, and how. One that throws does so at a message, or closes when none comes. */
  readonly ender: 0 | 1;
  readonly how: "close" | "close with a code" | { readonly throwsAt: number };
}

export const randomConversation: Case<DialectContext> = {
  says: "whatever is said, and whoever ends the line and how: both hear what was said before, and the same end",
  async run(context) {
    await forAll(CONVERSATION, context.parameters, (one) => converse(context, one));
  },
};

const SIDE: fc.Arbitrary<0 | 1> = fc.constantFrom(0, 1);
const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record<Step & { do: "say" }>({
      do: fc.constant("say"),
      from: SIDE,
      which: fc.nat(),
      size: fc.nat({ max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const) }) },
);
const WINDOW = fc.integer({ min: 1, max: 2 ** 30 });
const CONVERSATION: fc.Arbitrary<Conversation> = fc.record({
  steps: fc.array(STEP, { maxLength: 25 }),
  windows: fc.tuple(WINDOW, WINDOW),
  ender: SIDE,
  how: fc.oneof(
    fc.constantFrom("close" as const, "close with a code" as const),
    fc.record({ throwsAt: fc.integer({ min: 1, max: 10 }) }),
  ),
});

const CODE = "RETRY_LATER";

async function converse(context: DialectContext, conversation: Conversation): Promise<void> {
  const { steps, windows, how } = conversation;
  const talk = await context.open({ maxWindowBytes: windows[0] }, { maxWindowBytes: windows[1] });
  const sides = [talk.near, talk.far] as const;
  const all = [examples(context, "near"), examples(context, "far")] as const;
  const said: readonly [Said[], Said[]] = [[], []];
  const ender = sides[conversation.ender];
  const other = sides[1 - conversation.ender] ?? ender;
  const [enderSaid, otherSaid] = conversation.ender === 0 ? said : said.toReversed();
  check(enderSaid !== undefined && otherSaid !== undefined, "a line has two sides");
  if (typeof how === "object") {
    ender.onHeard = (count) => {
      if (count === how.throwsAt) throw new SyncError(CODE, "enough");
    };
  }
  const sends: Promise<unknown>[] = [];
  for (const [i, step] of steps.entries()) {
    if (step.do === "wait") {
      await turns(1);
      continue;
    }
    const side = sides[step.from];
    const example = all[step.from][step.which % all[step.from].length];
    // What is said after the end is refused, and nobody hears it.
    if (example === undefined || side.line.isClosed) continue;
    const body = example.body && bodyOf(context.codec, step.size);
    const one = renumbered({ ...example, body }, i);
    said[step.from].push(one);
    sends.push(failureOf(side.line.send(one.message, one.body)));
  }
  if (typeof how === "object") await heardOrThrew(ender, otherSaid, how.throwsAt);
  const hasThrown = typeof how === "object" && ender.heard.length >= how.throwsAt;
  if (!hasThrown) await ender.close(how === "close" ? undefined : CODE);
  await Promise.all(sends);
  const [here, there] = [await ender.ends(), await other.ends()];
  for (const [side, { code }] of [
    [ender, here],
    [other, there],
  ] as const) {
    const wanted = how === "close" ? undefined : CODE;
    check(code === wanted, `the ${side.name} was told of the end with ${code}, not ${wanted}`);
    const rest = side.told.filter((what) => what !== "message").join();
    check(/^(agreement,)?end$/.test(rest), `the ${side.name} was told ${rest}`);
  }
  await other.hears(enderSaid);
  ender.checkHeard(otherSaid);
  const { maxWindowBytes = Math.min(...windows) } = other.agreements[0] ?? {};
  check(maxWindowBytes === Math.min(...windows), `the window is ${maxWindowBytes}`);
}

/** Waits until a side that throws at some message has done so, or has heard all that there is. */
async function heardOrThrew(side: Speaker, said: readonly Said[], throwsAt: number): Promise<void> {
  if (said.length < throwsAt) await side.hears(said);
  else await side.ends();
}
