/** Whether a character matches one position of a pattern. */
type Matcher = (character: string) => boolean;

/** The part of a pattern between two stars: plain text, or one matcher per character. */
type Segment = { text: string } | { matchers: Matcher[] };

const length = (segment: Segment) => ("text" in segment ? segment.text.length : segment.matchers.length);

/** The class that begins at `[`, and its end; undefined if it is not closed, so that `[` matches itself. */
function classAt(pattern: string, start: number): { matches: Matcher; end: number } | undefined {
  const negated = pattern[start + 1] === "!";
  const first = start + (negated ? 2 : 1);
  const end = pattern.indexOf("]", first + 1);
  if (end < 0) return undefined;
  const members = pattern.slice(first, end);
  const ranges: [string, string][] = [];
  for (let i = 0; i < members.length; i++) {
    const isRange = members[i + 1] === "-" && i + 2 < members.length;
    ranges.push([members[i]!, members[isRange ? i + 2 : i]!]);
    if (isRange) i += 2;
  }
  const isMember = (c: string) => ranges.some(([low, high]) => c >= low && c <= high);
  return { matches: (c) => isMember(c) !== negated, end };
}

function segmentsOf(pattern: string): Segment[] {
  const segments: Segment[] = [];
  let matchers: Matcher[] = [];
  let text = "";
  let plain = true;
  const close = () => {
    segments.push(plain ? { text } : { matchers });
    matchers = [];
    text = "";
    plain = true;
  };
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    const found = c === "[" ? classAt(pattern, i) : undefined;
    if (c === "*") close();
    else if (found || c === "?") {
      plain = false;
      matchers.push(found ? found.matches : () => true);
      if (found) i = found.end;
    } else {
      text += c;
      matchers.push((other) => other === c);
    }
  }
  close();
  return segments;
}

function matchesAt(segment: Segment, input: string, at: number): boolean {
  if ("text" in segment) return input.startsWith(segment.text, at);
  return at + segment.matchers.length <= input.length && segment.matchers.every((m, i) => m(input[at + i]!));
}

/** The first offset from `from` on at which a segment matches, or −1. */
function find(segment: Segment, input: string, from: number): number {
  if ("text" in segment) return input.indexOf(segment.text, from);
  for (let at = from; at + segment.matchers.length <= input.length; at++) {
    if (matchesAt(segment, input, at)) return at;
  }
  return -1;
}

/**
 * Tests whether whole texts match a file-name pattern: `*` any characters, `?` one, `[a-z]` and `[!a-z]` one of a class or one
 * outside it, everything else itself. There is no backtracking: each part between two stars is matched at its first
 * occurrence, so that a pattern with many stars costs one search per part.
 */
export function globMatcher(pattern: string): (input: string) => boolean {
  const [first, ...others] = segmentsOf(pattern) as [Segment, ...Segment[]];
  const last = others.pop();
  return (input) => {
    if (!matchesAt(first, input, 0)) return false;
    let at = length(first);
    if (!last) return at === input.length;
    for (const segment of others) {
      const found = find(segment, input, at);
      if (found < 0) return false;
      at = found + length(segment);
    }
    const end = input.length - length(last);
    return end >= at && matchesAt(last, input, end);
  };
}
