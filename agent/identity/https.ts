// Requests to the controller's agent listener over TLS whose only trusted CA is the region's.
import { createHash, X509Certificate } from 'node:crypto';
import { get as httpGet } from 'node:http';
import { request } from 'node:https';
import { text as readText } from 'node:stream/consumers';

import { PpecError } from '../../shared/errors.ts';
import type { AgentConfig } from '../config.ts';

export type Tls = { readonly ca: string; readonly key?: string; readonly cert?: string };

const answerTimeoutMs = 20_000;

export type Answer = { readonly status: number; readonly body: unknown };

export function postJson(url: string, body: unknown, tls: Tls): Promise<Answer> {
  const payload = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        ...tls,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) },
        timeout: answerTimeoutMs,
      },
      (response) => {
        readText(response).then(
          (text) => resolve({ status: response.statusCode ?? 0, body: parse(text) }),
          (error: unknown) => reject(unreachableController(url, error)),
        );
      },
    );
    sent.once('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.once('error', (error) => reject(unreachableController(url, error)));
    sent.end(payload);
  });
}

/** The region CA's PEM; fetched over plain HTTP it must have the digest that the boot script pinned. */
export async function regionCa(ca: AgentConfig['ca']): Promise<string> {
  if ('pem' in ca) return ca.pem;
  const pem = await new Promise<string>((resolve, reject) => {
    const sent = httpGet(ca.url, { timeout: answerTimeoutMs }, (response) => {
      readText(response).then(resolve, reject);
    });
    sent.once('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.once('error', (error) => reject(unreachableController(ca.url, error)));
  });
  const digest = createHash('sha256').update(certificate(pem).raw).digest('hex');
  if (digest !== ca.sha256) {
    throw new PpecError(
      'unauthenticated',
      `the CA at ${ca.url} is not the one this boot pinned (${digest.slice(0, 16)}…)`,
    );
  }
  return pem;
}

function certificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new PpecError('unauthenticated', 'what the controller served as its CA is no certificate', { cause: error });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreachableController(url: string, cause: unknown): PpecError {
  return new PpecError('unavailable', `no answer from ${url}: ${cause instanceof Error ? cause.message : 'unknown'}`, {
    cause,
  });
}
