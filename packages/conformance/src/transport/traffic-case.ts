/** Random traffic, compared with what a line is: two lists of messages. */
import fc from "fast-check";
import { check, failureOf, sameBytes } from "../check.ts";
import { turns } from "../patience.ts";
import { forAll } from "../random.ts";
import type { Case } from "../suite.ts";
import { bytesOf, concat, type LineContext, type Side } from "./line.ts";

type Step =
  | { readonly do: "send"; readonly from: 0 | 1; readonly head: number; readonly body: number }
  | { readonly do: "listen"; readonly at: 0 | 1 }
  | { readonly do: "stop listening"; readonly at: 0 | 1 }
  | { readonly do: "wait" };

export const randomTraffic: Case<LineContext> = {
  says: "whatever is sent and whoever listens when: both ends get what the other sent until one closes",
  async run(context) {
    const { runs: numRuns, seed } = context;
    const parameters = seed === undefined ? { numRuns } : { numRuns, seed };
    await forAll(fc.tuple(TRAFFIC, SIDE), parameters, ([steps, closer]) =>
      runTraffic(context, steps, closer),
    );
  },
};

const SIDE: fc.Arbitrary<0 | 1> = fc.constantFrom(0, 1);
const SIZE = fc.oneof(fc.constantFrom(0, 1, 125, 126), fc.nat({ max: 3000 }));
const TRAFFIC: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record<Step & { do: "send" }>({
        do: fc.constant("send"),
        from: SIDE,
        head: SIZE,
        body: SIZE,
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("listen" as const), at: SIDE }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("stop listening" as const), at: SIDE }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const) }) },
  ),
  { maxLength: 40 },
);

async function runTraffic(
  { open }: LineContext,
  steps: readonly Step[],
  closer: 0 | 1,
): Promise<void> {
  const { near, far } = await open();
  const sides = [near, far] as const;
  /** By the side that receives. */
  const expected: [Uint8Array[], Uint8Array[]] = [[], []];
  const stops: [() => void, () => void] = [() => {}, () => {}];
  const failures: Promise<unknown>[] = [];
  for (const [i, step] of steps.entries()) {
    switch (step.do) {
      case "send": {
        const [head, body] = [bytesOf(step.head, i), bytesOf(step.body, i + 1)];
        expected[step.from === 0 ? 1 : 0].push(concat(head, body));
        failures.push(failureOf(sides[step.from].transport.send(head, body)));
        break;
      }
      case "listen":
        stops[step.at] = sides[step.at].listen();
        break;
      case "stop listening":
        stops[step.at]();
        break;
      case "wait":
        await turns(1);
        break;
    }
  }
  for (const side of sides) side.listen();
  const receiver = closer === 0 ? 1 : 0;
  await sides[closer].close();
  await sides[receiver].closed();
  await sides[receiver].received(expected[receiver]);
  checkBeginning(sides[closer], expected[closer]);
  await Promise.all(failures);
}

/** What the closer did not take any more is lost, but nothing else. */
function checkBeginning({ messages }: Side, sent: readonly Uint8Array[]): void {
  check(messages.length <= sent.length, "more messages came than were sent");
  for (const [i, message] of messages.entries()) {
    check(sameBytes(message, sent[i] ?? NOTHING), `message ${i} is not the one sent`);
  }
}

const NOTHING = new Uint8Array(0);
