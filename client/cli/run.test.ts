import { generateKeyPairSync, createHash, verify } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { AuditEntry } from '../../shared/api/audit.ts';
import type { Change } from '../../shared/api/change.ts';
import type { DeliveryReport, ReportMachine } from '../../shared/api/delivery-report.ts';
import type { OperationHandle } from '../../shared/api/operation-handle.ts';
import { systemClock } from '../../shared/clock.ts';
import { signedAudit } from '../../test/fixtures/signed-audit.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { genesisHash } from '../sdk/audit-chain.ts';
import { cannedServer, problem, type Canned, type Seen } from '../sdk/canned-server.ts';
import { environmentOf } from './config.ts';
import { runCli } from './run.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ppec-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

type Ended = { readonly status: number; readonly out: string; readonly err: string };
type Given = { readonly url?: string; readonly input?: string; readonly env?: Readonly<Record<string, string>> };

async function ppec(words: readonly string[], { url, input = '', env = {} }: Given = {}): Promise<Ended> {
  const stdin = new PassThrough();
  stdin.end(input);
  const out = collected();
  const err = collected();
  const variables = {
    PPEC_CONFIG: join(folder, 'config.json'),
    ...(url === undefined ? {} : { PPEC_URL: url }),
    ...env,
  };
  const status = await runCli(words, {
    stdin,
    stdout: out.stream,
    stderr: err.stream,
    environment: environmentOf(variables),
    clock: systemClock,
    abort: new AbortController(),
  });
  return { status, out: out.text(), err: err.text() };
}

function collected(): { readonly stream: Writable; readonly text: () => string } {
  let text = '';
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  return { stream, text: () => text };
}

async function against(
  words: readonly string[],
  answer: (seen: Seen, index: number) => Canned | undefined,
): Promise<Ended & { readonly seen: readonly Seen[] }> {
  await using server = await cannedServer(answer);
  const ended = await ppec(words, { url: server.url });
  return { ...ended, seen: server.seen };
}

const sha256 = 'a'.repeat(64);
const change: Change = {
  id: 'chg_1',
  operation: 'asset.provision',
  summary: 'provision srv-a',
  reason: 'new ledger node',
  maker: 'mia',
  makerId: 'per_1',
  state: 'open',
  stateReason: null,
  payloadSha256: sha256,
  effect: [
    { target: 'srv-a', label: 'asset', text: 'srv-a  R12/U20  SN-A100', destructive: false },
    { target: 'srv-a', label: 'disk', text: 'nvme0  SN S5GX11  will be overwritten', destructive: true },
  ],
  targets: ['ast_1'],
  policy: { policies: [], demands: [{ quorum: 1, checkers: ['change.approve'] }], openForMs: 86_400_000, windows: [] },
  checkersNeeded: 1,
  approvals: [],
  missing: ['1 more of change.approve'],
  operationIds: [],
  edits: 0,
  breakGlass: null,
  review: null,
  runsAt: null,
  createdAt: 0,
  expiresAt: 4_000_000_000_000,
  revision: 1,
};
const operation: OperationHandle = {
  id: 'op_1',
  kind: 'provision',
  assetId: 'ast_1',
  asset: 'srv-a',
  changeId: 'chg_1',
  state: 'succeeded',
  steps: [{ name: 'write-image', state: 'done', startedAt: 0, endedAt: 31_000, message: '1.1 GB/s' }],
  progressPercent: null,
  error: null,
  mayCancel: false,
  createdAt: 0,
  endedAt: 41_000,
  revision: 3,
};

const sentence = 'DIMM slot A3 is empty';
const finding = { path: 'memory/A3', rule: 'memory-multiset', expected: '32 GiB', actual: null, since: 1, sentence };
const counts = { billed: 2, waived: 0, pending: 0 };
const orderedMachine = (serial: string): ReportMachine => ({
  serial, name: null, line: 1, class: 'small@1', delivery: 1, reference: 'LS-77', invoice: 'I-1', datacenter: null, rack: 'R12',
  slot: 'U20', deliveredOn: null, state: 'SPARE', verdict: 'passed', since: 1, findings: [],
}); // prettier-ignore
const deliveredReport: DeliveryReport = {
  number: 'PO-1', vendor: 'Acme', currency: 'EUR', orderedOn: null, state: 'delivering', stateReason: '3 of 4 delivered', madeAt: 1,
  counts: { ...counts, ordered: 4, delivered: 3, seen: 2, passed: 1, failed: 1, notSeen: 1, claimed: 1 },
  lines: [
    { ...counts, line: 1, class: 'small@1', unitPrice: '2500.50', ordered: 4, delivered: 3, seen: 2, passed: 1, failed: 1, notSeen: 1 },
  ],
  machines: [
    {
      ...orderedMachine('A3'), state: 'QUARANTINED', verdict: 'failed',
      findings: [
        { ...finding, kind: 'missing', waivedUntil: null, claimed: true },
        { ...finding, kind: 'mismatch', waivedUntil: null, claimed: false, sentence: 'It is in R13' },
        { ...finding, kind: 'mismatch', waivedUntil: 9, claimed: false, sentence: 'BIOS is 1' },
      ],
    },
    { ...orderedMachine('A2'), state: 'ORDERED', verdict: 'not-seen' },
    orderedMachine('A1'),
  ],
  claims: [
    {
      serial: 'A3', name: null, line: 1, class: 'small@1', delivery: 1, reference: 'LS-77', invoice: 'I-1', machines: ['A3'],
      value: '2500.50', items: [{ ...finding, about: 'hardware' }],
    },
  ],
  valueAtStake: '2500.50',
  truth: [{ kind: 'billed-not-seen', serial: 'A2', line: 1, invoice: 'I-1', sentence: 'A2 is billed by I-1' }],
  breaches: [],
}; // prettier-ignore

describe('answers', () => {
  it('prints exactly the API’s value as JSON', async () => {
    const page = { items: [{ id: 'img_1', anything: { nested: [1, null] } }], next: null };
    const { status, out, err } = await against(['image', 'list', '-o', 'json'], () => ({ json: page }));
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(JSON.parse(out)).toEqual(page);
  });

  it('says that there is nothing, and what to do next', async () => {
    const { status, out } = await against(['po', 'list'], () => ({ json: { items: [], next: null } }));
    expect({ status, out }).toEqual({ status: 0, out: 'No purchase orders. Import one: ppec po import FILE\n' });
  });

  it('shows what a provisioning will do before anything else', async () => {
    const { status, out, seen } = await against(
      ['provision', '--asset', 'srv-a', '--image', 'debian', '--project', 'pay', '--reason', 'new node'],
      () => ({ status: 202, json: change }),
    );
    expect(status).toBe(0);
    expect(out.split('\n').slice(0, 4)).toEqual([
      'This changes state and needs 1 checker.',
      '  asset  srv-a  R12/U20  SN-A100',
      '! disk   nvme0  SN S5GX11  will be overwritten',
      expect.stringMatching(/^Filed as change chg_1, open until 2096-/),
    ]);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      assets: ['srv-a'],
      image: 'debian',
      project: 'pay',
      reason: 'new node',
    });
  });

  it('approves the hash that was shown, then watches the work', async () => {
    const approved = { ...change, state: 'executed', operationIds: ['op_1'] };
    const { status, out, seen } = await against(
      ['change', 'approve', 'chg_1', '--yes', '--wait'],
      ({ method, url }) => {
        if (method === 'POST') return { json: approved };
        return { json: url.includes('operations') ? operation : change };
      },
    );
    expect(status).toBe(0);
    expect(out).toContain(`You approve exactly this (sha256 ${sha256}):`);
    expect(out).toContain('approved · executed · op_1 running');
    expect(out).toContain('✓ write-image     0:31  1.1 GB/s');
    expect(out).toContain('srv-a  provision succeeded  0:41');
    expect(seen[1]).toMatchObject({ method: 'POST', url: '/v1/changes/chg_1/approve' });
    expect(JSON.parse(seen[1]?.body ?? '')).toEqual({ payloadSha256: sha256 });
  });

  it('approves nothing unasked, and nothing but the expected hash', async () => {
    const unasked = await against(['change', 'approve', 'chg_1'], () => ({ json: change }));
    expect(unasked).toMatchObject({ status: 5 });
    expect(unasked.err).toContain('add --yes');
    const other = await against(['change', 'approve', 'chg_1', '--yes', '--sha256', 'b'.repeat(64)], () => ({
      json: change,
    }));
    expect(other.err).toContain(sha256);
    for (const { seen } of [unasked, other]) expect(seen.map(({ method }) => method)).toEqual(['GET']);
  });

  it('exits 1 when an operation fails', async () => {
    const failed = { ...operation, state: 'failed', error: 'the disk broke' };
    const { status, out } = await against(['operation', 'wait', 'op_1'], () => ({ json: failed }));
    expect(status).toBe(1);
    expect(out).toContain('srv-a  provision failed: the disk broke');
  });

  it('reports what was delivered, what passed and what to claim', async () => {
    const { status, out, seen } = await against(['po', 'report', 'PO-1'], () => ({ json: deliveredReport }));
    expect(status).toBe(0);
    expect(seen.map(({ url }) => url)).toEqual(['/v1/purchase-orders/PO-1/report']);
    expect(out).toContain('3 of 4 delivered · 1 of 3 passed · 1 not seen · 1 to claim, 2500.50 EUR at stake\n');
    expect(out).toContain('To claim from Acme:\n  A3 (delivery 1 LS-77, invoice I-1)\n    DIMM slot A3 is empty\n');
    expect(out).toContain('Ours to settle:\n  ✗ A3: It is in R13\n');
    expect(out).not.toContain('BIOS is 1');
    expect(out).toMatch(/^A3 .* failed\nA2 .* not-seen\nA1 .* passed$/m);
    expect(out).toContain('  ! A2 is billed by I-1\n');
  });

  it('writes the report as a document, and over another file only when told', async () => {
    const file = join(folder, 'report.html');
    const answer = (text: string) => () => ({ json: { fileName: 'PO-1-report.html', mediaType: 'text/html', text } });
    const words = ['po', 'report', 'PO-1', '--format', 'html'];
    const printed = await against(words, answer('<p>0</p>'));
    expect(printed).toMatchObject({ status: 0, out: '<p>0</p>' });
    expect(printed.seen.map(({ url }) => url)).toEqual(['/v1/purchase-orders/PO-1/report-document?format=html']);
    const written = await against([...words, '--out', file], answer('<p>1</p>'));
    expect(written).toMatchObject({ status: 0, out: '', err: `Wrote ${file}.\n` });
    const refused = await against([...words, '--out', file], answer('<p>2</p>'));
    expect(refused).toMatchObject({ status: 5, err: `ppec: ${file} is there already. Replace it: add --force\n` });
    expect(await readFile(file, 'utf8')).toBe('<p>1</p>');
    expect(await against([...words, '--out', file, '--force'], answer('<p>3</p>'))).toMatchObject({ status: 0 });
    expect(await readFile(file, 'utf8')).toBe('<p>3</p>');
    const nowhere = await against([...words, '--out', join(folder, 'none', 'x')], answer(''));
    expect(nowhere).toMatchObject({ status: 2, err: expect.stringContaining('cannot be written') as unknown });
    expect(await ppec(['po', 'report', 'PO-1', '--out', file])).toMatchObject({ status: 2 });
  });
});

describe('errors', () => {
  it.each([
    [403, 'permission_denied', 4],
    [404, 'not_found', 3],
    [409, 'failed_precondition', 5],
    [500, 'internal', 1],
  ])('tells %i %s in one line and exits %i', async (httpStatus, code, exit) => {
    const { status, out, err } = await against(['whoami'], () => problem(httpStatus, code, 'Not like this.'));
    expect({ status, out }).toEqual({ status: exit, out: '' });
    expect(err.split('\n')[0]).toMatch(/^ppec: Not like this\./);
    expect(err.includes('req_1')).toBe(code === 'internal');
    expect(err).not.toContain('    at ');
  });

  it.each([[['nonsense']], [['asset']], [['asset', 'get']], [['provision']], [['asset', 'list', '--limit', 'x']]])(
    'exits 2 on the usage error %j',
    async (words) => {
      const { status, err } = await ppec(words);
      expect(status).toBe(2);
      expect(err).toContain('ppec: ');
    },
  );

  it('places the issues of an order in its file', async () => {
    const file = join(folder, 'po.yaml');
    await writeFile(file, 'number: PO-1\n');
    const issues = [
      { path: `${file}:17:5`, message: 'serial SN-A100 is already on PO-2026-0031' },
      { path: '3:1', message: 'quantity is 0' },
    ];
    const json = { code: 'invalid_argument', detail: 'not valid', issues };
    const several = await against(['po', 'import', file], () => ({ status: 400, json }));
    expect(several.status).toBe(2);
    expect(several.err).toBe(
      `ppec: ${file} has 2 problems; nothing was kept.\n` +
        `      ${file}:17:5: serial SN-A100 is already on PO-2026-0031\n` +
        `      ${file}:3:1: quantity is 0\n`,
    );
    const one = await against(['po', 'import', file], () => ({
      status: 400,
      json: { ...json, issues: issues.slice(0, 1) },
    }));
    expect(one.err).toBe(`ppec: ${file}:17:5: serial SN-A100 is already on PO-2026-0031\n`);
    expect(JSON.parse(one.seen[0]?.body ?? '')).toEqual({ fileName: file, text: 'number: PO-1\n' });
  });
});

describe('audit', () => {
  const { entries, heads, keys, head } = signedAudit(7, [3, 7]);
  const last = head(7);
  const note = `7:${last.hash}`;
  const serve =
    (items: readonly AuditEntry[]) =>
    ({ url }: Seen): Canned => {
      const end = { seq: 7, hash: last.hash };
      if (url.includes('/head')) return { json: { region: 'test-1', end, head: last, keys } };
      const after = Number(/after=(\d+)/.exec(url)?.[1] ?? 0);
      const some = items.slice(after, after + 4);
      const next = items.length > after + 4 ? String(after + 4) : null;
      const point = { seq: after, hash: items[after]?.previousHash ?? genesisHash };
      return { json: { region: 'test-1', keys, after: point, items: some, heads, next } };
    };

  it('proves an unbroken chain and shows its head', async () => {
    const { status, out, err } = await against(['audit', 'verify'], serve(entries));
    expect(status).toBe(0);
    expect(out).toContain(`7 entries, unbroken, 2 signed heads`);
    expect(out).toContain(note);
    expect(err).toContain('Compare them with ones noted before');
  });

  it('finds a tampered chain, and says where', async () => {
    const forged = entries.map((entry) => (entry.seq === 2 ? { ...entry, actor: 'eve' } : entry));
    const { status, out } = await against(['audit', 'verify'], serve(forged));
    expect(status).toBe(1);
    expect(out).toContain('entry 2 is not what was recorded: its hash differs, line 3');
  });

  it('exports into a file, and proves that file without any controller', async () => {
    const file = join(folder, 'audit.jsonl');
    const written = await against(['audit', 'export', '--out', file], serve(entries));
    expect(written).toMatchObject({ status: 0, out: '' });
    expect((await against(['audit', 'export', '--out', file], serve(entries))).status).toBe(5);
    const piped = await against(['audit', 'export'], serve(entries));
    expect(piped.out).toBe(await readFile(file, 'utf8'));

    const witness = join(folder, 'heads.jsonl');
    await writeFile(witness, `${canonicalJson(head(3))}\n{"cut o\n${canonicalJson(last)}\n`);
    const words = ['audit', 'verify', '--file', file, '--witness', witness, '--key', keys[0]?.publicKey ?? ''];
    const proven = await ppec([...words, '--head', note]);
    expect(proven.status).toBe(0);
    expect(proven.err).toBe(`${witness}: 1 lines are no heads, cut off perhaps.\n`);

    // Cut off cleanly, by somebody who makes the rest fit: only who noted a head before sees it.
    const lines = (await readFile(file, 'utf8')).split('\n');
    const end = canonicalJson({ type: 'end', seq: 3, hash: head(3).hash, entries: 3, heads: 1 });
    await writeFile(file, [...lines.slice(0, 5), end, ''].join('\n'));
    expect((await ppec(['audit', 'verify', '--file', file])).status).toBe(0);
    const cut = await ppec(words);
    expect(cut.status).toBe(1);
    expect(cut.out).toContain(`${witness} has entry 7, and the entries end at 3`);
    expect((await ppec(['audit', 'verify', '--file', file, '--head', note])).status).toBe(1);
  });

  it.each([
    ['--head', '7'],
    ['--key', 'audit-1'],
    ['--witness', '/there/is/none'],
    ['--file', '/there/is/none'],
  ])('refuses %s %s', async (option, value) => {
    expect((await ppec(['audit', 'verify', option, value])).status).toBe(2);
  });
});

describe('asset get --at', () => {
  it.each([
    ['2026-01-31', Date.parse('2026-01-31T23:59:59.999Z')],
    ['2026-01-31T12:00:00+01:00', Date.parse('2026-01-31T11:00:00Z')],
  ])('asks for the asset as of %s', async (text, at) => {
    const { seen } = await against(['asset', 'get', 'srv-a', '--at', text], () => ({ json: {} }));
    expect(seen[0]?.url).toBe(`/v1/assets/srv-a?at=${at}`);
  });

  it('refuses what is no time', async () => {
    const { status, err } = await ppec(['asset', 'get', 'srv-a', '--at', '31.1.2026']);
    expect(status).toBe(2);
    expect(err).toContain('"31.1.2026" is no day (2026-01-31) and no RFC 3339 time');
  });
});

describe('contexts', () => {
  it('keeps a secret that is piped in, shows it to nobody, and uses it', async () => {
    await using server = await cannedServer(() => ({
      json: {
        person: { name: 'mia', owner: null },
        credentialId: 'c',
        signedIn: { how: 'credential', id: 'c', until: null, limits: {}, csrfToken: null },
        grants: [],
        permissions: [],
      },
    }));
    const config = join(folder, 'contexts.json');
    const env = { PPEC_CONFIG: config };
    const words = ['context', 'add', 'demo', '--url', server.url, '--credential', 'crd_1'];
    expect(await ppec(words, { input: 'hunter2\n', env })).toMatchObject({
      status: 0,
      out: 'Added demo; it is the current context.\n',
    });
    expect((await stat(config)).mode & 0o777).toBe(0o600);
    expect(await ppec(words, { input: 'other\n', env })).toMatchObject({ status: 5 });
    const listed = await ppec(['context', 'list'], { env });
    expect(listed.out).toMatch(/\* {5}demo|\* +demo/);
    expect(listed.out).not.toContain('hunter2');
    expect(await ppec(['whoami'], { env })).toMatchObject({ status: 0 });
    expect(server.seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('crd_1:hunter2').toString('base64')}`);
    expect(await ppec(['context', 'remove', 'demo'], { env })).toMatchObject({ status: 0 });
    expect(JSON.parse(await readFile(config, 'utf8'))).toEqual({ contexts: {} });
  });
});

describe('images', () => {
  it('makes a key, signs a manifest, and imports exactly the signed text after its content', async () => {
    const content = 'content of an image';
    const key = join(folder, 'images.key');
    const digest = createHash('sha256').update(content).digest('hex');
    const manifest = JSON.stringify({
      name: 'debian',
      version: '12',
      kind: 'disk',
      arch: 'x86_64',
      format: 'raw+zstd',
      file: 'disk.zst',
      bytes: content.length,
      sha256: digest,
      diskBytes: 4096,
      boot: { rootPartition: 1, kernelPath: '/vmlinuz', initrdPath: '/initrd', cmdline: '' },
      packages: [],
    });
    await writeFile(join(folder, 'manifest.json'), manifest);
    await writeFile(join(folder, 'disk.zst'), content);
    const { out: publicKey } = await ppec(['image', 'keygen', '--out', key]);
    expect((await stat(key)).mode & 0o777).toBe(0o600);
    expect((await ppec(['image', 'keygen', '--out', key])).status).toBe(5);
    expect((await ppec(['image', 'sign', join(folder, 'manifest.json'), '--key', key, '--key-id', 'k1'])).status).toBe(
      0,
    );
    const { status, seen } = await against(['image', 'import', folder, '-o', 'json'], () => ({
      status: 201,
      json: { name: 'debian' },
    }));
    expect(status).toBe(0);
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([`PUT /v1/blobs/${digest}`, 'POST /v1/images']);
    expect(seen[0]?.body).toBe(content);
    const sent: unknown = JSON.parse(seen[1]?.body ?? '');
    expect(sent).toMatchObject({ manifest, keyId: 'k1' });
    const signature = /"signature":"([^"]+)"/.exec(seen[1]?.body ?? '')?.[1] ?? '';
    expect(verify(null, Buffer.from(manifest), publicKey, Buffer.from(signature, 'base64'))).toBe(true);

    await writeFile(join(folder, 'disk.zst'), 'content of an imagE');
    const corrupt = await against(['image', 'import', folder], () => ({ json: {} }));
    expect(corrupt).toMatchObject({ status: 5, seen: [] });
    expect(corrupt.err).toContain('its manifest says');
  });

  it('signs with nothing but Ed25519', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(join(folder, 'ec.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const { status, err } = await ppec([
      'image',
      'sign',
      join(folder, 'manifest.json'),
      '--key',
      join(folder, 'ec.key'),
      '--key-id',
      'k1',
    ]);
    expect(status).toBe(2);
    expect(err).toContain('Ed25519');
  });
});
