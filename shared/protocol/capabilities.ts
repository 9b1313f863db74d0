// What an agent can do, by name. An unset capability means unsupported: the controller must not use it.

export const capabilities = ['inventory', 'health', 'provision', 'kexec', 'burn-in', 'audit-head'] as const;
