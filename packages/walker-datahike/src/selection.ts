/** What of a database is walked, and what is left of it when somebody asks for less. */
import { type Edn, isKind, type Keyword, keyword, kindOf } from "@datahike-sync/edn";
import type { WalkScope } from "./records.ts";

export interface Selection extends WalkScope {
  /** Absent: all branches. */
  readonly branches: readonly Keyword[] | undefined;
}

/**
 * What is both in this selection and asked for: a map that may have `:branches`, a set or a vector of
 * keywords, `:history`, a boolean, and `:commits`, a whole number. Whoever asks is on another machine,
 * so nothing that is asked for widens what there is.
 *
 * @throws {TypeError} when it is another map, or none.
 */
export function narrow(selection: Selection, asked: Edn): Selection {
  if (!isKind(asked, "map")) throw new TypeError(`options are a map, not ${kindOf(asked)}`);
  let { branches, history, commits } = selection;
  for (const [name, value] of asked) {
    if (name === BRANCHES) {
      const names = keywordsOf(value);
      branches = branches === undefined ? names : branches.filter((one) => names.includes(one));
    } else if (name === HISTORY && typeof value === "boolean") {
      history &&= value;
    } else if (name === COMMITS && isCount(value)) {
      commits = Math.min(commits, value);
    } else {
      throw new TypeError(":branches, :history and :commits are all that can be asked for");
    }
  }
  return { branches, history, commits };
}

/** Whether something is a number of commits. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

const BRANCHES: Keyword = keyword("branches");
const HISTORY: Keyword = keyword("history");
const COMMITS: Keyword = keyword("commits");

function keywordsOf(value: Edn): readonly Keyword[] {
  if (isKind(value, "set") || Array.isArray(value)) {
    const names: readonly Edn[] = [...(value as Iterable<Edn>)];
    if (names.every((name) => isKind(name, "keyword"))) return names;
  }
  throw new TypeError(":branches are a set or a vector of keywords");
}
