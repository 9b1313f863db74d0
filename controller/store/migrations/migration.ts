// A numbered migration: statements that run once, in one transaction.
export type Migration = { readonly name: string; readonly statements: readonly string[] };
