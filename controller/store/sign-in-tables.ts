// The tables of people, what they sign in with, and their sessions and credentials.
import type { CredentialLimits } from '../../shared/api/credential.ts';
import type { PersonKind } from '../../shared/api/person.ts';
import type { SessionKind, SignInMethod } from '../../shared/api/session.ts';
import type { Json } from './json.ts';

export type SignInTables = {
  people: {
    id: string;
    name: string;
    active: number;
    created_at: number;
    kind: PersonKind;
    /** The person who answers for a service. */
    owner_id: string | null;
    email: string | null;
    /** A second person has agreed that they may be given another way to sign in, until then. */
    sign_in_open_until: number | null;
  };
  credentials: {
    id: string;
    person_id: string;
    secret_hash: string;
    label: string;
    expires_at: number | null;
    last_used_at: number | null;
    revoked_at: number | null;
    created_at: number;
    limits: Json<CredentialLimits>;
    sources: Json<string[]>;
    last_used_from: string | null;
    rotated_at: number | null;
    /** Of the secret before the last rotation, and until when it is good. */
    old_secret_hash: string | null;
    old_secret_until: number | null;
  };
  passwords: { person_id: string; phc: string; changed_at: number };
  /** One-time tokens with which a person chooses a password. */
  set_up_tokens: {
    hash: string;
    person_id: string;
    expires_at: number;
    /** 1 where a second person has agreed to it. */
    agreed: number;
  };
  identities: { issuer: string; subject: string; person_id: string; created_at: number };
  sessions: {
    id: string;
    person_id: string;
    kind: SessionKind;
    method: SignInMethod;
    /** Of the cookie; a session of the command-line client has tokens instead. */
    secret_hash: string | null;
    client: string;
    from_address: string | null;
    created_at: number;
    last_used_at: number;
    last_used_from: string | null;
    idle_until: number;
    expires_at: number;
    ended_at: number | null;
    ended_because: string | null;
  };
  /** A bearer token: of a session, or of a credential. */
  access_tokens: {
    hash: string;
    session_id: string | null;
    credential_id: string | null;
    limits: Json<CredentialLimits>;
    expires_at: number;
  };
  refresh_tokens: { hash: string; session_id: string; used_at: number | null; created_at: number };
  device_codes: {
    id: string;
    hash: string;
    user_code: string;
    client: string;
    from_address: string;
    created_at: number;
    expires_at: number;
    interval_ms: number;
    polled_at: number;
    state: 'pending' | 'approved' | 'denied';
    person_id: string | null;
    method: SignInMethod | null;
  };
};
