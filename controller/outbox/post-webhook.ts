// One attempt to deliver: a POST to an address that was looked up and judged first, and to no other. The connection goes to
// the very address that was judged, so a name that answers differently the second time gains nothing; redirects are an
// answer like any other, and are not followed.
import { lookup } from 'node:dns/promises';
import { request as requestPlain } from 'node:http';
import { request as requestTls, type RequestOptions } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';

import { messageOf, PpecError } from '../../shared/errors.ts';
import { refusedAddress, type Cidr } from '../domain/webhook-address.ts';

export type WebhookRules = {
  readonly allowed: readonly Cidr[];
  readonly allowHttp: boolean;
  /** More authorities than the system's, PEM. */
  readonly caPem: string | undefined;
  readonly timeoutMs: number;
};

export type Post = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type Resolve = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/** Of an answer only the status counts; what it says is not read to its end. */
const answerBytesMax = 65_536;

export const systemResolve: Resolve = (host) => lookup(host, { all: true, verbatim: true });

/** The HTTP status of the answer. Throws `unavailable` or `failed_precondition` with why there was none. */
export async function postWebhook(
  post: Post,
  rules: WebhookRules,
  { resolve, signal }: { readonly resolve: Resolve; readonly signal: AbortSignal },
): Promise<number> {
  const url = new URL(post.url);
  if (url.protocol !== 'https:' && !(rules.allowHttp && url.protocol === 'http:')) {
    throw new PpecError('failed_precondition', `${url.protocol}// is not allowed here`);
  }
  const life = AbortSignal.any([signal, AbortSignal.timeout(rules.timeoutMs)]);
  try {
    const target = await judgedAddress(url, rules, resolve);
    life.throwIfAborted();
    return await send(url, post, { rules, target, life });
  } catch (error) {
    if (error instanceof PpecError) throw error;
    const why = life.aborted && !signal.aborted ? `no answer within ${rules.timeoutMs / 1000} s` : messageOf(error);
    throw new PpecError('unavailable', why, { cause: error });
  }
}

type Target = Awaited<ReturnType<Resolve>>[number];

async function judgedAddress(url: URL, rules: WebhookRules, resolve: Resolve): Promise<Target> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const found = isIP(host) === 0 ? await resolve(host) : [{ address: host, family: isIP(host) }];
  // A name of which one address is refused is not tried by its others: it is not what its maker says it is.
  const refusal = found.map(({ address }) => refusedAddress(address, rules.allowed)).find((why) => why !== undefined);
  if (refusal !== undefined) throw new PpecError('failed_precondition', `not sent: ${refusal}`);
  const [first] = found;
  if (first === undefined) throw new PpecError('unavailable', `${host} has no address`);
  return first;
}

type Sending = { readonly rules: WebhookRules; readonly target: Target; readonly life: AbortSignal };

function send(url: URL, post: Post, { rules, target, life }: Sending): Promise<number> {
  const toTarget: LookupFunction = (_host, options, done) => {
    if (options.all === true) done(null, [target]);
    else done(null, target.address, target.family);
  };
  const options: RequestOptions = {
    method: 'POST',
    headers: {
      ...post.headers,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(post.body),
      'user-agent': 'ppec-webhook/1',
    },
    lookup: toTarget,
    // A connection of its own: nothing that was judged for another one is used again.
    agent: false,
    signal: life,
    ...(rules.caPem === undefined ? {} : { ca: rules.caPem }),
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestTls : requestPlain)(url, options, (response) => {
      // The status is what was asked for. The rest is let run out, so that the receiver is not cut off, but not for long.
      resolve(response.statusCode ?? 0);
      let bytes = 0;
      response.on('error', () => undefined);
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > answerBytesMax) response.destroy();
      });
    });
    request.on('error', reject);
    request.end(post.body);
  });
}
