/** Makes a dialect of two tables: how each type of message is read, and how each is spelled. */
import { type Edn, EdnMap, type Keyword, keyword } from "@datahike-sync/edn";
import { TYPE } from "./topic-fields.ts";
import type { TopicDialect, TopicMessage } from "./topic-message.ts";

export type Pair = readonly [Keyword, Edn];

/** A message's `:type`, without its namespace, and its other fields. */
export type Spelled = readonly [type: string, ...fields: Pair[]];

export interface TopicWords extends Omit<TopicDialect, "types" | "read" | "spell"> {
  /** By the `:type`, without its namespace, which is the dialect's name. */
  readonly readers: Readonly<Record<string, (message: EdnMap) => TopicMessage>>;
  /** What is not here the dialect has no words for. */
  readonly spellings: {
    readonly [T in TopicMessage["type"]]?: (message: MessageOf<T>) => Spelled;
  };
}

type MessageOf<T extends TopicMessage["type"]> = Extract<TopicMessage, { readonly type: T }>;

export function topicDialect({ readers, spellings, ...traits }: TopicWords): TopicDialect {
  const byType = new Map(
    Object.entries(readers).map(([type, read]) => [keyword(traits.name, type), read]),
  );
  return {
    ...traits,
    types: [...byType.keys()],
    // `as`: a type that is no keyword is in no table.
    read: (message) => byType.get(message.get(TYPE) as Keyword)?.(message),
    spell: (message) => {
      // `as`: the spelling under a message's type takes that message, which TypeScript cannot follow.
      const spell = spellings[message.type] as ((message: TopicMessage) => Spelled) | undefined;
      if (spell === undefined) throw new TypeError("this dialect has no words for that");
      const [type, ...fields] = spell(message);
      return new EdnMap([[TYPE, keyword(traits.name, type)], ...fields]);
    },
  };
}
