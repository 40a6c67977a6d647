import { once } from "node:events";
import net from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** Bytes as they cross a TCP connection between two ZeroMQ sockets (ZMTP 3.0, rfc.zeromq.org/spec/23), also wrong ones. */

/** The 64 bytes with which either side begins. */
export function greeting(mechanism = "NULL", version = 3): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, version, 0]);
  bytes.write(mechanism, 12, 20, "latin1");
  return bytes;
}

export const Flag = { more: 1, long: 2, command: 4 } as const;

/** A frame that may announce another length than it has. */
export function frame(body: Uint8Array, flags = 0, announced = BigInt(body.length)): Buffer {
  if (announced < 256n && (flags & Flag.long) === 0) {
    return Buffer.concat([Buffer.from([flags, Number(announced)]), body]);
  }
  const head = Buffer.alloc(9);
  head[0] = flags | Flag.long;
  head.writeBigUInt64BE(announced, 1);
  return Buffer.concat([head, body]);
}

/** The command by which a socket says its type and name. */
export function ready(socketType: string, identity = ""): Buffer {
  const property = (name: string, value: string) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(value.length);
    return Buffer.concat([
      Buffer.from([name.length]),
      Buffer.from(name),
      length,
      Buffer.from(value, "latin1"),
    ]);
  };
  const parts = [
    Buffer.from("\x05READY"),
    property("Socket-Type", socketType),
    property("Identity", identity),
  ];
  return frame(Buffer.concat(parts), Flag.command);
}

/** Resolves with the event or with an error: the other side may cut a connection at any time. */
const settled = (socket: net.Socket, event: string) => once(socket, event).catch(() => {});

/** Connects, writes all that is given with turns of the event loop between, waits a moment for an answer, and is gone. */
export async function throwBytes(port: number, ...pieces: Uint8Array[]): Promise<void> {
  const socket = await openConnection(port);
  for (const piece of pieces) {
    if (socket.destroyed) break;
    if (!socket.write(piece))
      await Promise.race([settled(socket, "drain"), settled(socket, "close"), pause(500)]);
    await pause(1);
  }
  await Promise.race([settled(socket, "close"), pause(30)]);
  socket.resetAndDestroy();
}

/** A connection whose errors are nobody's concern. */
export async function openConnection(port: number): Promise<net.Socket> {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.on("data", () => {});
  await Promise.race([settled(socket, "connect"), pause(1000)]);
  return socket;
}
