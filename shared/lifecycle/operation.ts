// An operation handle: slow work that can be watched, step by step.

export const operationStates = ['running', 'succeeded', 'failed', 'cancelled'] as const;
export type OperationState = (typeof operationStates)[number];

export const stepStates = ['pending', 'running', 'done', 'failed'] as const;

/** The durable steps of provisioning, in order. Each is idempotent and has a deadline. */
export const provisionSteps = [
  'reinspect',
  'reserve-address',
  'verify-image',
  'write-image',
  'kexec',
  'phone-home',
] as const;
export type ProvisionStep = (typeof provisionSteps)[number];
