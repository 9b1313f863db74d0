// JSON as two readers cannot understand it differently: no name twice in an object (RFC 8259 §4 leaves its meaning open), no
// name that stands for an object's prototype, and no deeper than anybody needs.
import { PpecError } from './errors.ts';

const quote = 0x22;
const backslash = 0x5c;

/** Throws `invalid_argument`, or what JSON.parse throws. */
export function parseStrictJson(text: string, depthMax: number): unknown {
  // Before parsing: a parser may recurse as deep as its input tells it to.
  checkDepth(text, depthMax);
  const value: unknown = JSON.parse(text);
  checkNames(text);
  return value;
}

function checkDepth(text: string, depthMax: number): void {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    // [ and {, ] and }
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > depthMax)
        throw new PpecError('invalid_argument', `The body is nested deeper than ${depthMax} levels.`);
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
}

/** The text is JSON here, so a name is a string before a colon. */
function checkNames(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x7b) open.push(new Set());
    else if (code === 0x5b) open.push(undefined);
    else if (code === 0x5d || code === 0x7d) open.pop();
    else if (code === quote) {
      const end = endOfString(text, at);
      const names = open.at(-1);
      if (names !== undefined && isBeforeColon(text, end + 1)) checkName(text.slice(at, end + 1), names);
      at = end;
    }
  }
}

function checkName(quoted: string, names: Set<string>): void {
  const name: unknown = quoted.includes('\\') ? JSON.parse(quoted) : quoted.slice(1, -1);
  if (typeof name !== 'string') return;
  if (name === '__proto__') throw new PpecError('invalid_argument', "No member may be called '__proto__'.");
  if (names.has(name))
    throw new PpecError('invalid_argument', `The member '${name.slice(0, 80)}' is there twice in one object.`);
  names.add(name);
}

function isBeforeColon(text: string, from: number): boolean {
  let at = from;
  while (text.charCodeAt(at) <= 0x20) at += 1;
  return text.charCodeAt(at) === 0x3a;
}

/** The place of the closing quote; the end of the text where there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === quote) return at;
  }
  return text.length;
}
