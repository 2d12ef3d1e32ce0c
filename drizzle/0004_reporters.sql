-- Which isolates a breaker knows, whose its newest failures are, and how many calls the fleet makes. A table in use by an earlier version keeps working with it: its
-- statements leave these columns alone.
alter table rc_circuit_breakers
  add column if not exists seen integer[] not null default '{}',
  add column if not exists seen_at bigint[] not null default '{}',
  add column if not exists failures bigint not null default 0,
  add column if not exists failed integer[] not null default '{}',
  add column if not exists failed_nth bigint[] not null default '{}',
  add column if not exists alone integer[] not null default '{}',
  add column if not exists alone_until bigint[] not null default '{}',
  add column if not exists calls_bucket bigint not null default 0,
  add column if not exists calls_ms bigint not null default 0,
  add column if not exists calls double precision[] not null default '{}',
  add column if not exists tells double precision[] not null default '{}',
  add column if not exists calls_first bigint not null default 0,
  add column if not exists accounted_at bigint not null default 0,
  add column if not exists recently_failed double precision not null default 0,
  add column if not exists credit double precision not null default 0;
