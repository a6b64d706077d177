/** Messages as frames: the id, the head behind its length, the body. */
import { isSyncError, SyncError } from "@datahike-sync/edn";
import type { Codec } from "../codec.ts";
import { MESSAGES, type Message, type MessageSpec, type MessageType } from "../protocol.ts";
import { ByteReader, ByteWriter, varintBytes, violation } from "./bytes.ts";
import type { Field } from "./fields.ts";

/** A frame that was read. */
export interface Frame {
  readonly message: Message;
  /** Empty but in a batch; shared with the frame. */
  readonly body: Uint8Array;
}

/** The bytes of a message before its body, for one line: heads differ where bodies are shared. */
export function encodeHead(message: Message, codec: Codec): Uint8Array {
  const { id, head } = specOf(message.type);
  const fields = codec.encode(head.write(message));
  // Room for all of it and no more: then it is not copied once again.
  const writer = new ByteWriter(1 + varintBytes(fields.length) + fields.length);
  writer.byte(id);
  writer.block(fields);
  return writer.finish();
}

/**
 * Reads a frame.
 *
 * @throws {SyncError} `UNKNOWN_MESSAGE` for an id that is none, `PROTOCOL_VIOLATION` for a message that
 * its sender may not send, for a head that is not its message's, and for a body that has no place.
 */
export function decodeFrame(frame: Uint8Array, codec: Codec, sender: "primary" | "replica"): Frame {
  const reader = new ByteReader(frame);
  const id = reader.byte();
  const type = TYPES.get(id);
  if (type === undefined) {
    throw new SyncError("UNKNOWN_MESSAGE", "a message that is none of ours", { details: { id } });
  }
  const spec = specOf(type);
  if (spec.sender !== "both" && spec.sender !== sender) {
    throw violation(`a ${sender} does not send ${type}`, 0);
  }
  const message = { ...readHead(type, reader, codec), type } as Message;
  if (type !== "batch" && !reader.done) throw violation(`${type} has no body`, reader.offset);
  return { message, body: reader.rest() };
}

const TYPES: ReadonlyMap<number, MessageType> = new Map(
  (Object.keys(MESSAGES) as MessageType[]).map((type) => [MESSAGES[type].id, type]),
);

/** An entry of the table, seen as one of any message: that the two belong together its key says. */
function specOf(type: MessageType): AnySpec {
  return MESSAGES[type];
}

interface AnySpec extends Pick<MessageSpec<Message>, "id" | "sender"> {
  readonly head: Field<object>;
}

function readHead(type: MessageType, reader: ByteReader, codec: Codec): object {
  const { offset } = reader;
  const bytes = reader.block();
  try {
    return specOf(type).head.read(codec.decode(bytes));
  } catch (cause) {
    if (!(cause instanceof TypeError) && !isSyncError(cause)) throw cause;
    throw violation(`the head of ${type} is not one: ${cause.message}`, offset, cause);
  }
}
