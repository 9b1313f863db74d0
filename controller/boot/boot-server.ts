// The boot listener, plain HTTP: firmware speaks nothing better. What it serves is public (kernel, initramfs, signed
// images, the CA certificate) or worth minutes once (a boot token). Nothing here changes an asset.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { messageOf } from '../../shared/errors.ts';
import { macKey } from '../../shared/hardware/identity.ts';
import type { Blobs } from '../blobs.ts';
import {
  bootAnswerWindowMs,
  bootRequestTimeoutMs,
  bootUrlBytesMax,
  budgetKeysMax,
  headerBytesMax,
  headersTimeoutMs,
  keepAliveTimeoutMs,
  overdueCheckMs,
} from '../limits.ts';
import type { Log } from '../log.ts';
import { plainAddress, sourceKey } from '../domain/source-address.ts';
import { endSlowPeers } from '../net/slow-peers.ts';
import { createBuckets, type Buckets } from '../net/token-buckets.ts';
import { assetBySerial } from '../store/assets.ts';
import { createBootToken } from '../store/tokens.ts';
import { toolPath, type ToolImage } from './tool-image.ts';
import type { Store } from '../store/unit-of-work.ts';
import type { IdSource } from '../../shared/ids.ts';
import { systemActor } from '../store/unit-of-work.ts';
import { chainScript, localDiskScript, piousScript, waitScript } from './ipxe.ts';

export type BootDeps = {
  readonly store: Store;
  readonly ids: IdSource;
  readonly blobs: Blobs;
  readonly caPem: string;
  readonly caSha256: string;
  readonly bootUrl: string;
  readonly agentUrl: string;
  readonly piousDirectory: string;
  readonly piousCmdline: string;
  readonly tokenLivesMs: number;
  /** Boot scripts that one address may ask for: each is a token that another machine's may have to give way to. */
  readonly scriptsPerAddressPerMinute: number;
  /** Open boot tokens that one address may have. */
  readonly tokensPerAddress: number;
  readonly toolImage: ToolImage | undefined;
  readonly log: Log;
};

type Answer =
  | { readonly kind: 'text'; readonly type: string; readonly text: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'none'; readonly status: number; readonly reason: string };
type Serving = BootDeps & { readonly scripts: Buckets };

export function createBootServer(shared: BootDeps): Server {
  const perMinute = shared.scriptsPerAddressPerMinute;
  const scripts = createBuckets({ burst: perMinute, perSecond: perMinute / 60, keysMax: budgetKeysMax });
  const deps: Serving = { ...shared, scripts };
  const options = {
    requestTimeout: bootRequestTimeoutMs,
    headersTimeout: headersTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: overdueCheckMs,
    maxHeaderSize: headerBytesMax,
  };
  const server = createServer(options, (request, response) => {
    answer(request, deps)
      .then((found) => send(found, request, response))
      .catch((error: unknown) => {
        deps.log.warn({ url: request.url?.slice(0, 200), error: messageOf(error) }, 'boot request failed');
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end('PPEC: a fault; the log has it\n');
      });
  });
  const slow = endSlowPeers(
    server,
    { bodyTimeoutMs: () => bootRequestTimeoutMs, answerWindowMs: bootAnswerWindowMs },
    { nowMs: deps.ids.clock.nowMs, ended: (what) => deps.log.info({ what }, 'slow boot peer ended') },
  );
  server.once('close', slow.stop);
  return server;
}

async function answer(request: IncomingMessage, deps: Serving): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { kind: 'none', status: 405, reason: 'only GET' };
  const asked = request.url ?? '/';
  const url = asked.length > bootUrlBytesMax ? null : URL.parse(asked, 'http://boot');
  if (url === null) return { kind: 'none', status: 400, reason: 'this is no path' };
  if (url.pathname === '/boot/script') return machineScript(request, url.searchParams, deps);
  return fileAt(url.pathname, deps);
}

/** Only paths that are made here lead to files: what was asked for is compared, never joined to a folder. */
function fileAt(path: string, deps: BootDeps): Answer {
  const image = /^\/boot\/images\/([0-9a-f]{64})$/.exec(path)?.[1];
  if (image !== undefined) return { kind: 'file', path: deps.blobs.pathOf(image) };
  if (deps.toolImage !== undefined && path === toolPath(deps.toolImage.sha256)) {
    return { kind: 'file', path: deps.toolImage.path };
  }
  switch (path) {
    case '/boot/ipxe':
      return script(chainScript(deps.bootUrl));
    case '/boot/ca.pem':
      return { kind: 'text', type: 'application/x-pem-file', text: deps.caPem };
    case '/boot/pious/vmlinuz':
      return { kind: 'file', path: join(deps.piousDirectory, 'vmlinuz') };
    case '/boot/pious/initramfs.img':
      return { kind: 'file', path: join(deps.piousDirectory, 'initramfs.img') };
    default:
      return { kind: 'none', status: 404, reason: 'no such boot file' };
  }
}

async function machineScript(request: IncomingMessage, query: URLSearchParams, deps: Serving): Promise<Answer> {
  if (deps.scripts.take(sourceKey(request.socket.remoteAddress ?? ''), deps.ids.clock.nowMs()) > 0) {
    return { kind: 'none', status: 429, reason: 'too many boot scripts for this address; try again in a minute' };
  }
  return script(await scriptFor(query, addressOf(request), deps));
}

function script(text: string): Answer {
  return { kind: 'text', type: 'text/plain', text };
}

function addressOf({ socket }: IncomingMessage): string {
  return plainAddress(socket.remoteAddress ?? '');
}

/**
 * PIOUS for whoever asks, with a token bound to the MAC that asked and to the serial it named, where a machine with that serial
 * is known; the disk for a machine in production.
 */
async function scriptFor(query: URLSearchParams, from: string, deps: BootDeps): Promise<string> {
  const mac = macKey(query.get('mac') ?? '');
  if (mac === undefined) return waitScript('this machine did not say its MAC address.');
  const asset = await assetBySerial(deps.store.db, query.get('serial') ?? '');
  // A machine whose production system was started boots that one from its disk, until it is released.
  if (asset?.state === 'BAREMETAL' || (asset?.state === 'PROVISIONING' && asset.production_ran !== 'no')) {
    return localDiskScript();
  }
  const token = await deps.store.write(systemActor('boot'), (uow) =>
    createBootToken(
      uow.db,
      {
        mac,
        from,
        asset: asset === undefined ? undefined : { id: asset.id, serialKey: asset.serial_key },
        livesMs: deps.tokenLivesMs,
        perSourceMax: deps.tokensPerAddress,
      },
      deps.ids,
    ),
  );
  if (token === undefined) {
    deps.log.warn({ mac, from }, 'no boot token: too many are open');
    return waitScript('too many machines boot at once; this one tries again.');
  }
  deps.log.info({ mac, serial: asset?.serial ?? query.get('serial'), assetId: asset?.id }, 'PIOUS boot script given');
  return piousScript({
    bootUrl: deps.bootUrl,
    agentUrl: deps.agentUrl,
    caSha256: deps.caSha256,
    token,
    mac,
    nowMs: deps.ids.clock.nowMs(),
    extraCmdline: deps.piousCmdline,
  });
}

const guarded = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' } as const;

async function send(found: Answer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const isHead = request.method === 'HEAD';
  if (found.kind === 'none') {
    response.writeHead(found.status, { ...guarded, 'content-type': 'text/plain' }).end(`PPEC: ${found.reason}\n`);
    return;
  }
  if (found.kind === 'text') {
    const body = Buffer.from(found.text);
    response.writeHead(200, { ...guarded, 'content-type': found.type, 'content-length': body.length });
    response.end(isHead ? undefined : body);
    return;
  }
  const size = await stat(found.path).then(
    (facts) => (facts.isFile() ? facts.size : undefined),
    () => undefined,
  );
  if (size === undefined) {
    response.writeHead(404, { ...guarded, 'content-type': 'text/plain' }).end('PPEC: this boot file is not here\n');
    return;
  }
  response.writeHead(200, { ...guarded, 'content-type': 'application/octet-stream', 'content-length': size });
  if (isHead) response.end();
  else await pipeline(createReadStream(found.path, { highWaterMark: 256 * 1024 }), response);
}
