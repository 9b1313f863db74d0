// The agent protocol's version: one integer that only grows. A controller refuses an agent of a
// version it does not speak with close code 4005; it never guesses.
//
//   1  2026-11-23  first version, with burn-in: its commands, `burn-in-progress` and the report in `command-result`
//   2  2026-11-23  `audit-head` and `audit-heads`: hosts keep signed heads of the audit, and tell them
//   2  2026-11-23  commands are bound to region and key id and have one form as bytes; lists of command keys, `command-keys`,
//                  `command-keys-held`, `command-refused`, `commandKeySequence`
//   2  2026-11-23  certificate requests are PKCS#10, a TPM proves itself; `hello` says which hardware this is

export const protocolVersion = 2;
