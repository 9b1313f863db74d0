// Routes of sign-in: the token endpoint for programs, and the pages for people. Pages need TLS: their cookies do.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { errorCodes, messageOf, toPpecError } from '../../../shared/errors.ts';
import { oidcCallbackPath } from '../../auth/auth.ts';
import { addDevicePages } from './device-pages.ts';
import { addFormParser } from './form.ts';
import { addOAuthRoutes } from './oauth-routes.ts';
import { markup, notice, retryAfter, sendPage } from './page.ts';
import { addSignInPages } from './sign-in-pages.ts';
import { knock, type AuthRouteDeps } from './visitor.ts';

export async function addAuthRoutes(app: FastifyInstance, deps: AuthRouteDeps): Promise<void> {
  addFormParser(app);
  await app.register((oauth, _options, done) => {
    addOAuthRoutes(oauth, deps);
    done();
  });
  if (!deps.hasPages) return;
  await app.register((pages, _options, done) => {
    pages.addHook('onRequest', (request, _reply, done) => {
      knock(request, deps, request.method === 'POST' || request.routeOptions.url === oidcCallbackPath);
      done();
    });
    pages.setErrorHandler((error, request, reply) => sendErrorPage(error, { request, reply, deps }));
    addSignInPages(pages, deps);
    addDevicePages(pages, deps);
    done();
  });
}

type Failed = { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly deps: AuthRouteDeps };

function sendErrorPage(thrown: unknown, { request, reply, deps }: Failed): FastifyReply {
  const error = toPpecError(thrown);
  const { httpStatus, title } = errorCodes[error.code];
  const facts = { requestId: request.id, path: request.url.split('?')[0], code: error.code };
  if (httpStatus >= 500) deps.log.error({ ...facts, error: messageOf(thrown) }, 'page failed');
  else deps.log.info({ ...facts, detail: error.message }, 'page refused');
  const body = markup`${notice(error.message)}
    <p><a class="button second" href="/sign-in">To the sign-in</a></p>
    <p class="hint">${request.id}</p>`;
  return sendPage(reply, { title, region: deps.region, status: httpStatus, headers: retryAfter(error), body });
}
