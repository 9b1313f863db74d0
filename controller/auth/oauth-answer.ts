// What the token endpoint answers: tokens (RFC 6749 §5.1), or an error from the closed sets of RFC 6749 §5.2 and
// RFC 8628 §3.5.
export type OAuthError =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unsupported_grant_type'
  | 'authorization_pending'
  | 'slow_down'
  | 'access_denied'
  | 'expired_token'
  | 'temporarily_unavailable';

export type OAuthRefusal = { readonly error: OAuthError; readonly description: string };

export type Tokens = {
  readonly accessToken: string;
  readonly expiresAtMs: number;
  readonly scope: string;
  /** With a sign-in only: a credential asks anew with its secret. */
  readonly refresh?: { readonly token: string; readonly sessionUntilMs: number; readonly person: string };
};

export type TokenAnswer = Tokens | OAuthRefusal;

export function isRefusal(answer: object): answer is OAuthRefusal {
  return 'error' in answer;
}

export const refusal = (error: OAuthError, description: string): OAuthRefusal => ({ error, description });
