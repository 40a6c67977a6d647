import { InputError } from "../errors";

/** A file on a server. */
export interface RemoteFile {
  /** Path below the folder of the entry, with slashes. */
  path: string;
  address: URL;
  /** Bytes; undefined if the server does not say. */
  size: number | undefined;
  /** Marks this state of the file: entity tag, or time of its last change. */
  state: string | undefined;
}

/** Whether what comes from an address cannot be changed on the way: it is one of HTTPS, or of this machine. */
export const isSafe = ({ protocol, hostname }: URL): boolean =>
  protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname));

/** Answers of a server may be this late, in ms. */
const patience = 60_000;
/** Deepest folder that is looked into. */
const maxDepth = 8;

/**
 * Asks a server. @throws InputError if it cannot be reached, refuses, or redirects to what is not safe; the message says what to do without a network
 * @param signal aborts the request and the reading of its answer
 */
export async function ask(
  address: URL,
  options: RequestInit & { signal?: AbortSignal | undefined },
): Promise<Response> {
  const { signal, ...rest } = options;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), patience);
  try {
    const signals = [late.signal, ...(signal ? [signal] : [])];
    const answer = await fetch(address, { redirect: "follow", ...rest, signal: AbortSignal.any(signals) });
    if (answer.ok && (answer.url === "" || isSafe(new URL(answer.url)))) return answer;
    await answer.body?.cancel();
    if (answer.ok) throw new InputError(String(address), "an address that begins with https://", answer.url);
    throw new InputError(
      String(address),
      "a file or folder",
      `the answer ${answer.status} ${answer.statusText}`.trim(),
    );
  } catch (error) {
    if (error instanceof InputError || signal?.aborted) throw error;
    const cause = (error as { cause?: unknown }).cause;
    const found = late.signal.aborted
      ? `no answer within ${patience / 1000} s`
      : ((cause ?? error) as NodeJS.ErrnoException).code || ((cause ?? error) as Error).message;
    throw new InputError(
      String(address),
      "an answer of the server",
      `none (${found}). ${withoutNetwork(address)}`,
    );
  } finally {
    clearTimeout(timer);
  }
}

function withoutNetwork({ host }: URL): string {
  return (
    `This machine may have no way to ${host}: run the same command where there is one, such as on a login node or a laptop, ` +
    "and copy the folder here; files that are complete are not fetched again"
  );
}

/** A file of a server, without its content. */
export async function describeRemote(path: string, address: URL, signal?: AbortSignal): Promise<RemoteFile> {
  // The size of the file itself, not of what is compressed for the way.
  const answer = await ask(address, { method: "HEAD", signal, headers: { "Accept-Encoding": "identity" } });
  const length = answer.headers.get("content-length");
  const state = answer.headers.get("etag") ?? answer.headers.get("last-modified") ?? undefined;
  return { path, address, size: length === null ? undefined : Number(length), state };
}

/**
 * Files below a folder of a server, by the pages on which it lists them. Only links into the folder count, by names that are
 * plain names of files.
 */
export async function filesBelow(
  folder: URL,
  path: string,
  signal?: AbortSignal,
  depth = 0,
): Promise<string[]> {
  if (depth > maxDepth)
    throw new InputError(String(folder), `folders within ${maxDepth} folders`, "deeper ones");
  const answer = await ask(folder, { method: "GET", signal });
  const page = await answer.text();
  const found: string[] = [];
  for (const [, link] of page.matchAll(/<a\s[^>]*href="([^"?#]+)"/gi)) {
    const name = plainName(link!);
    if (name === undefined) continue;
    if (!link!.endsWith("/")) found.push(`${path}${name}`);
    else found.push(...(await filesBelow(new URL(link!, folder), `${path}${name}/`, signal, depth + 1)));
  }
  return [...new Set(found)];
}

/** The name that a link has in its folder; undefined for links elsewhere. */
function plainName(link: string): string | undefined {
  try {
    const name = decodeURIComponent(link.replace(/^\.\//, "").replace(/\/$/, ""));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    return /^[^/\\:\x00-\x1f]+$/.test(name) && !/^\.\.?$/.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
}
