-- Which isolates a breaker knows, and whose its newest failures are. A table in use by an earlier version keeps working with it: its
-- statements leave these columns alone.
alter table rc_circuit_breakers
  add column if not exists seen integer[] not null default '{}',
  add column if not exists seen_at bigint[] not null default '{}',
  add column if not exists failures bigint not null default 0,
  add column if not exists failed integer[] not null default '{}',
  add column if not exists failed_nth bigint[] not null default '{}',
  add column if not exists alone integer[] not null default '{}',
  add column if not exists alone_until bigint[] not null default '{}';
