// The audit as a file that proves itself: JSON lines, each in canonical form. First what it is of (`audit-export`), then
// every entry, each signed head right after its entry, and last what there should have been (`end`).
// Verified entry by entry, in little memory, with no controller. See docs/operations.md, "The audit".
import { createHash, createPublicKey, verify } from 'node:crypto';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { AuditEntry, type AuditKey } from '../../shared/api/audit.ts';
import type { OperationOutput } from '../../shared/api/operations.ts';
import { headText, SignedHead } from '../../shared/audit/head.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { brokenLink, genesisHash, type ChainHead } from './audit-chain.ts';
import type { CallOptions, Client } from './client.ts';

const closed = { additionalProperties: false } as const;
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Count = Type.Integer({ minimum: 0 });

const Start = Type.Object(
  {
    type: Type.Literal('audit-export'),
    format: Type.Literal(1),
    region: Type.String(),
    after: Type.Object({ seq: Count, hash: Hash }, closed),
    keys: Type.Array(Type.Object({ keyId: Type.String(), publicKey: Hash }, closed), { maxItems: 1000 }),
  },
  closed,
);
const EntryLine = Type.Object({ type: Type.Literal('entry'), entry: AuditEntry }, closed);
const HeadLine = Type.Object({ type: Type.Literal('head'), head: SignedHead }, closed);
const End = Type.Object({ type: Type.Literal('end'), seq: Count, hash: Hash, entries: Count, heads: Count }, closed);
const lines = { 'audit-export': Compile(Start), entry: Compile(EntryLine), head: Compile(HeadLine), end: Compile(End) };
type Start = Static<typeof Start>;
type End = Static<typeof End>;
type Line = Start | Static<typeof EntryLine> | Static<typeof HeadLine> | End;

export type ExportRange = { readonly from?: number; readonly to?: number };
type Page = OperationOutput<'audit.export'>;

/** The lines of an export. A whole one ends with a head that is signed now; one of a time range with its last entry. */
export async function* exportLines(
  client: Client,
  range: ExportRange,
  options: CallOptions = {},
): AsyncGenerator<string> {
  const isWhole = range.from === undefined && range.to === undefined;
  const { head } = await client.call('audit.head', {}, options);
  const last = isWhole ? (head?.seq ?? 0) : Number.POSITIVE_INFINITY;
  let state: ChainHead | undefined;
  const count = { entries: 0, heads: 0 };
  for await (const page of exportPages(client, range, options)) {
    if (state === undefined) {
      const keys = page.keys.map(({ keyId, publicKey }) => ({ keyId, publicKey }));
      yield lineOf({ type: 'audit-export', format: 1, region: page.region, after: page.after, keys });
      state = page.after;
    }
    const heads = new Map(page.heads.map((each) => [each.seq, each]));
    for (const entry of page.items) {
      // What was appended since it began is not signed yet.
      if (entry.seq > last) break;
      yield lineOf({ type: 'entry', entry });
      count.entries += 1;
      state = { seq: entry.seq, hash: entry.hash };
      const signed = heads.get(entry.seq);
      if (signed === undefined) continue;
      yield lineOf({ type: 'head', head: signed });
      count.heads += 1;
    }
    if (state.seq >= last) break;
  }
  yield lineOf({ type: 'end', ...(state ?? { seq: 0, hash: genesisHash }), ...count });
}

async function* exportPages(client: Client, range: ExportRange, options: CallOptions): AsyncGenerator<Page> {
  let after: number | undefined;
  for (;;) {
    const input = after === undefined ? range : { ...range, after };
    const page: Page = await client.call('audit.export', input, options);
    yield page;
    if (page.next === null) return;
    after = Number(page.next);
  }
}

function lineOf(line: Line): string {
  return canonicalJson(line);
}

/** A head that is known from elsewhere, and from where: the chain must contain it. */
export type Anchor = ChainHead & { readonly source: string };

export type Trusted = {
  readonly anchors: readonly Anchor[];
  /** Keys that are known from elsewhere; left empty, those that the export itself names are believed. */
  readonly publicKeys: readonly string[];
  /** A part of the chain may begin after its start and end without a signature. */
  readonly isPart: boolean;
};

export type ExportVerdict = {
  readonly ok: boolean;
  readonly region: string | null;
  readonly entries: number;
  readonly heads: number;
  /** Where the entries begin: 0 is the start of the chain. */
  readonly after: number;
  readonly headSeq: number;
  readonly headHash: string;
  /** The newest entry that a signed head covers. */
  readonly signedSeq: number;
  readonly keyIds: readonly string[];
  readonly problem: string | null;
  /** Line of the file with the problem. */
  readonly line: number | null;
};

/** Follows an export to its end or to the first thing that is wrong with it. */
export async function verifyExport(
  source: AsyncIterable<string> | Iterable<string>,
  trusted: Trusted,
): Promise<ExportVerdict> {
  const verifier = new ExportVerifier(trusted);
  let line = 0;
  for await (const text of source) {
    line += 1;
    const problem = verifier.take(text);
    if (problem !== undefined) return verifier.verdict(problem, line);
  }
  return verifier.verdict(verifier.finish(), null);
}

/** State of one verification; nothing of it grows with the export but the anchors that were met. */
class ExportVerifier {
  readonly #trusted: Trusted;
  readonly #waiting: Map<number, Anchor[]>;
  readonly #usedKeys = new Set<string>();
  #start: Start | undefined;
  #end: End | undefined;
  #state: ChainHead = { seq: 0, hash: genesisHash };
  #signedSeq = 0;
  #entries = 0;
  #heads = 0;
  #isPruneProven = false;

  constructor(trusted: Trusted) {
    this.#trusted = trusted;
    this.#waiting = Map.groupBy(
      trusted.anchors.filter(({ seq }) => seq > 0),
      ({ seq }) => seq,
    );
  }

  /** What is wrong with the next line. */
  take(text: string): string | undefined {
    const line = parsed(text);
    if (typeof line === 'string') return line;
    if (this.#end !== undefined) return 'a line after the end of the export';
    if (this.#start === undefined)
      return line.type === 'audit-export' ? this.#begin(line) : 'the start of the export is missing';
    switch (line.type) {
      case 'audit-export':
        return 'a second start';
      case 'entry':
        return this.#entry(line.entry);
      case 'head':
        return this.#head(line.head);
      case 'end':
        this.#end = line;
        return undefined;
    }
  }

  /** What is missing when there are no more lines. */
  finish(): string | undefined {
    const { seq, hash } = this.#state;
    if (this.#start === undefined) return 'this is no export of an audit: it is empty';
    if (this.#end === undefined) return `the export is cut off after entry ${seq}`;
    const { seq: endSeq, hash: endHash, entries, heads } = this.#end;
    if (endSeq !== seq || endHash !== hash || entries !== this.#entries)
      return `the export ends with entry ${seq}, and should with ${endSeq}`;
    if (heads !== this.#heads) return `the export has ${this.#heads} signed heads, and should have ${heads}`;
    const [unmet] = [...this.#waiting.values()].flat();
    if (unmet !== undefined && unmet.seq > seq)
      return `${unmet.source} has entry ${unmet.seq}, and the entries end at ${seq}`;
    if (this.#trusted.isPart) return undefined;
    if (this.#start.after.seq > 0 && !this.#isPruneProven)
      return `the entries begin after ${this.#start.after.seq}, and no entry says that the earlier ones were pruned`;
    if (this.#signedSeq !== seq) return `the entries after ${this.#signedSeq} are not covered by a signed head`;
    return undefined;
  }

  verdict(problem: string | undefined, line: number | null): ExportVerdict {
    return {
      ok: problem === undefined,
      region: this.#start?.region ?? null,
      entries: this.#entries,
      heads: this.#heads,
      after: this.#start?.after.seq ?? 0,
      headSeq: this.#state.seq,
      headHash: this.#state.hash,
      signedSeq: this.#signedSeq,
      keyIds: [...this.#usedKeys],
      problem: problem ?? null,
      line: problem === undefined ? null : line,
    };
  }

  #begin(start: Start): string | undefined {
    this.#start = start;
    this.#state = start.after;
    if (start.after.seq === 0 && start.after.hash !== genesisHash) return 'the chain does not begin where chains begin';
    const wrong = start.keys.find(({ keyId, publicKey }) => keyId !== auditKeyId(publicKey));
    return wrong === undefined ? undefined : `the key ${wrong.keyId} is not the one of that name`;
  }

  #entry(entry: AuditEntry): string | undefined {
    const problem = brokenLink(this.#state, entry);
    if (problem !== undefined) return problem;
    this.#state = { seq: entry.seq, hash: entry.hash };
    this.#entries += 1;
    const start = this.#start?.after;
    if (start !== undefined && start.seq > 0 && entry.operation === 'audit.prune' && entry.message.endsWith(start.hash))
      this.#isPruneProven = true;
    const other = this.#waiting.get(entry.seq)?.find(({ hash }) => hash !== entry.hash);
    this.#waiting.delete(entry.seq);
    if (other === undefined) return undefined;
    return `entry ${entry.seq} is ${short(entry.hash)} here, and ${short(other.hash)} in ${other.source}: it or one before it was rewritten`;
  }

  #head(head: SignedHead): string | undefined {
    const { seq, hash } = this.#state;
    if (head.region !== this.#start?.region) return `the head of entry ${head.seq} is of the region ${head.region}`;
    if (head.seq !== seq || this.#signedSeq === seq) return `the head of entry ${head.seq} stands after entry ${seq}`;
    if (head.hash !== hash)
      return `entry ${seq}, or one before it, is not what was signed: its hash differs from the signed head`;
    const key = this.#start.keys.find(({ keyId }) => keyId === head.keyId);
    if (key === undefined || !this.#isTrusted(key))
      return `the head of entry ${seq} is signed with ${head.keyId}, which is not trusted`;
    if (!isSigned(key.publicKey, headText(head), head.signature))
      return `the signature of the head of entry ${seq} is not good`;
    this.#usedKeys.add(head.keyId);
    this.#signedSeq = seq;
    this.#heads += 1;
    return undefined;
  }

  #isTrusted({ publicKey }: Pick<AuditKey, 'publicKey'>): boolean {
    const { publicKeys } = this.#trusted;
    return publicKeys.length === 0 || publicKeys.includes(publicKey);
  }
}

/** A line, or what is wrong with it. Any other spelling of the same value is wrong: it was not written by an export. */
function parsed(text: string): Line | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'the line is no JSON';
  }
  const line = lineIn(value);
  if (line === undefined) return 'the line is not one of an export';
  return canonicalJson(line) === text ? line : 'the line is not written as it was exported';
}

function lineIn(value: unknown): Line | undefined {
  if (lines.entry.Check(value)) return value;
  if (lines.head.Check(value)) return value;
  if (lines['audit-export'].Check(value)) return value;
  return lines.end.Check(value) ? value : undefined;
}

/** The id under which a key is named: of its digest. */
export function auditKeyId(publicKey: string): string {
  return `audit-${createHash('sha256').update(Buffer.from(publicKey, 'hex')).digest('hex').slice(0, 16)}`;
}

/** Whether `signature` is Ed25519 (RFC 8032) by a raw public key over exactly this text; both in hex. */
function isSigned(publicKey: string, text: string, signature: string): boolean {
  // What stands before a raw key in its SubjectPublicKeyInfo (RFC 8410 §4).
  const der = Buffer.from(`302a300506032b6570032100${publicKey}`, 'hex');
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return verify(null, Buffer.from(text), key, Buffer.from(signature, 'hex'));
}

/** The heads of a witness file that are of these keys; lines that a crash cut off are counted. */
export function witnessAnchors(
  text: string,
  source: string,
): { readonly anchors: Anchor[]; readonly heads: SignedHead[]; readonly unread: number } {
  const heads: SignedHead[] = [];
  let unread = 0;
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const head = headIn(line);
    if (head === undefined) unread += 1;
    else heads.push(head);
  }
  return { heads, unread, anchors: heads.map(({ seq, hash }) => ({ seq, hash, source })) };
}

const validHead = Compile(SignedHead);

function headIn(line: string): SignedHead | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return validHead.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The first head that none of these keys signed: a witness that somebody else wrote to. */
export function unsignedHead(heads: readonly SignedHead[], publicKeys: readonly string[]): SignedHead | undefined {
  return heads.find((head) => !publicKeys.some((key) => isSigned(key, headText(head), head.signature)));
}

function short(hash: string): string {
  return `${hash.slice(0, 12)}…`;
}
