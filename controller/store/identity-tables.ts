// The tables of the identities of agents: tokens to come by a certificate, certificates, and the TPMs of machines.
import type { EkAlgorithm } from '../../shared/tpm/templates.ts';
import type { Json } from './json.ts';

/** Every certificate that an agent was given, and what became of it. */
export type AgentCertificateRow = {
  /** The certificate's serial number: hex, lower case. */
  serial: string;
  asset_id: string;
  boot_id: string;
  home: 'pious' | 'production';
  issued_at: number;
  expires_at: number;
  /** When a link was first opened with it: only then does it take the place of the one before. */
  used_at: number | null;
  replaced_by: string | null;
  revoked_at: number | null;
  revoked_why: string | null;
};

/** The TPM that a machine proved to hold when it was first seen. */
export type TpmPinRow = {
  asset_id: string;
  /** SHA-256 of the endorsement key's SubjectPublicKeyInfo. */
  ek_sha256: string;
  algorithm: EkAlgorithm;
  /** Of all endorsement keys that the machine offered. */
  ek_sha256s: Json<string[]>;
  /** The maker's CA that vouches for the key; null where none that is trusted does. */
  issuer: string | null;
  pinned_at: number;
  proved_at: number;
};

export type IdentityTables = {
  tokens: {
    id: string;
    hash: string;
    kind: 'boot' | 'phone-home';
    mac: string | null;
    asset_id: string | null;
    operation_id: string | null;
    /** The serial that the machine must have, in its key form; null where any may use it. */
    serial: string | null;
    /** The address that asked for it. */
    from_address: string | null;
    expires_at: number;
    used_at: number | null;
  };
  agent_certificates: AgentCertificateRow;
  tpm_pins: TpmPinRow;
};
