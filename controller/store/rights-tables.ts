// The tables of who may do what: teams, projects and clusters, their members, roles, grants, and what changes are about.
import type { Scope } from '../../shared/api/scope.ts';
import type { Json } from './json.ts';

export type GrantRow = {
  id: string;
  holder: string;
  role: string;
  scope: string;
  /** The scope in parts; the name is null of `region` and `tags`. */
  scope_kind: Scope['kind'];
  scope_name: string | null;
  expires_at: number | null;
  created_by: string;
  change_id: string | null;
  created_at: number;
};

export type ChangeSubjectKind = 'region' | 'asset' | 'team' | 'project' | 'cluster' | 'tags';

export type RightsTables = {
  teams: { name: string; description: string; created_at: number };
  projects: { name: string; description: string; team: string; created_at: number };
  clusters: { name: string; description: string; project: string; created_at: number };
  /** `of` is `team:NAME` or `project:NAME`, `member` is `person:NAME` or `service:NAME`. */
  members: { of: string; member: string; created_at: number };
  /** Custom roles; the built-in ones are in the program. */
  roles: {
    name: string;
    description: string;
    permissions: Json<string[]>;
    created_at: number;
    revision: number;
  };
  grants: GrantRow;
  asset_tags: { asset_id: string; key: string; value: string };
  /** What each change is about: `name` is an asset's id, the name of another kind of object, or a scope of tags. */
  change_subjects: { change_id: string; kind: ChangeSubjectKind; name: string };
};
