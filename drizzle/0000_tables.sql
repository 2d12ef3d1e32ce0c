-- Creates the tables. Where the Python library's table stands already, made by its runtime or by its command line, turns that into ours
-- and keeps every row. Doing it again changes nothing.
--
-- Its runtime kept local times without their zone. They are read in the zone that `rc.original_time_zone` names, which
-- `set`, `alter role` or PGOPTIONS can give; else in this session's own.

create table if not exists rc_circuit_breakers (
  resource_key text not null,
  namespace text not null default 'default',
  state text not null default 'CLOSED',
  failure_count integer not null default 0,
  open_until timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  execution_log jsonb default '[]',
  foreign_window boolean not null default false,
  own_state text not null default 'CLOSED',
  own_open_until timestamp with time zone,
  cooldown_ms bigint not null default 0,
  generation bigint not null default 0,
  previous_generation bigint not null default 0,
  version bigint not null default 0,
  log bit varying not null default '',
  opens integer not null default 0,
  cause text,
  leases bigint[] not null default '{}',
  lease_ms bigint not null default 0,
  bucket bigint not null default 0,
  bucket_ms bigint not null default 0,
  bucket_successes integer[] not null default '{}',
  bucket_failures integer[] not null default '{}',
  override text,
  override_until timestamp with time zone,
  override_ms bigint,
  override_actor text,
  override_reason text,
  would_reject bigint not null default 0,
  settings jsonb,
  flush_ids integer[] not null default '{}',
  seen integer[] not null default '{}',
  seen_at bigint[] not null default '{}',
  failures bigint not null default 0,
  failed integer[] not null default '{}',
  failed_nth bigint[] not null default '{}',
  alone integer[] not null default '{}',
  alone_until bigint[] not null default '{}',
  calls_bucket bigint not null default 0,
  calls_ms bigint not null default 0,
  calls double precision[] not null default '{}',
  tells double precision[] not null default '{}',
  calls_first bigint not null default 0,
  accounted_at bigint not null default 0,
  recently_failed double precision not null default 0,
  credit double precision not null default 0,
  constraint rc_circuit_breakers_pkey primary key (resource_key, namespace),
  constraint rc_circuit_breakers_state check (state in ('CLOSED', 'OPEN', 'HALF_OPEN')),
  constraint rc_circuit_breakers_override check (override in ('FORCED_OPEN', 'DISABLED', 'METRICS_ONLY'))
);
--> statement-breakpoint
-- Room in each page for the next version of its rows (HOT).
alter table rc_circuit_breakers set (fillfactor = 50);
--> statement-breakpoint
do $rc$
declare
  breakers constant regclass := 'rc_circuit_breakers';
  zone constant text := coalesce(nullif(current_setting('rc.original_time_zone', true), ''), current_setting('TimeZone'));
  zoneless boolean;
  name text;
begin
  -- Its trigger stamps updated_at at every write, and an index on updated_at makes every write touch every index. Those of its indexes
  -- that stay cost something only where the state changes; its runtime would make them again at each start.
  drop trigger if exists update_rc_circuit_breakers_updated_at on rc_circuit_breakers;
  begin
    drop function if exists update_rc_circuit_breakers_updated_at_column();
  exception when dependent_objects_still_exist then null;
  end;
  drop index if exists idx_rc_circuit_breakers_state_updated;

  if exists (select from pg_attribute where attrelid = breakers and attname = 'own_state' and not attisdropped) then
    return;
  end if;

  alter table rc_circuit_breakers
    drop constraint if exists rc_circuit_breakers_state_check,
    drop constraint if exists rc_circuit_breakers_failure_count_check,
    add column if not exists namespace text not null default 'default';

  if not exists (select from pg_constraint where conrelid = breakers and conname = 'rc_circuit_breakers_pkey'
                    and pg_get_constraintdef(oid) = 'PRIMARY KEY (resource_key, namespace)') then
    for name in select conname from pg_constraint where conrelid = breakers and contype = 'p' loop
      execute format('alter table rc_circuit_breakers drop constraint %I', name);
    end loop;
    alter table rc_circuit_breakers add constraint rc_circuit_breakers_pkey primary key (resource_key, namespace);
  end if;

  for name in select attname from pg_attribute where attrelid = breakers and atttypid = 'timestamp'::regtype
                and attname in ('open_until', 'created_at', 'updated_at') loop
    zoneless := true;
    execute format('alter table rc_circuit_breakers alter column %1$I drop default, alter column %1$I type timestamptz using %1$I at time zone %2$L', name, zone);
  end loop;

  update rc_circuit_breakers set state = upper(state), created_at = coalesce(created_at, now()), updated_at = coalesce(updated_at, now())
   where state <> upper(state) or created_at is null or updated_at is null;

  -- own_state says CLOSED of every row: what the row says itself is then a foreign write, and taken in as such when the row is first used.
  alter table rc_circuit_breakers
    alter column resource_key type text,
    alter column namespace type text,
    alter column namespace set default 'default',
    alter column state type text,
    alter column state set default 'CLOSED',
    alter column created_at set default now(),
    alter column created_at set not null,
    alter column updated_at set default now(),
    alter column updated_at set not null,
    add column if not exists execution_log jsonb,
    alter column execution_log set default '[]',
    add column foreign_window boolean not null default false,
    add column own_state text not null default 'CLOSED',
    add column own_open_until timestamp with time zone,
    add column cooldown_ms bigint not null default 0,
    add column generation bigint not null default 0,
    add column previous_generation bigint not null default 0,
    add column version bigint not null default 0,
    add column log bit varying not null default '',
    add column opens integer not null default 0,
    add column cause text,
    add column leases bigint[] not null default '{}',
    add column lease_ms bigint not null default 0,
    add column bucket bigint not null default 0,
    add column bucket_ms bigint not null default 0,
    add column bucket_successes integer[] not null default '{}',
    add column bucket_failures integer[] not null default '{}',
    add column override text,
    add column override_until timestamp with time zone,
    add column override_ms bigint,
    add column override_actor text,
    add column override_reason text,
    add column would_reject bigint not null default 0,
    add column settings jsonb,
    add column flush_ids integer[] not null default '{}',
    add constraint rc_circuit_breakers_state check (state in ('CLOSED', 'OPEN', 'HALF_OPEN')),
    add constraint rc_circuit_breakers_override check (override in ('FORCED_OPEN', 'DISABLED', 'METRICS_ONLY'));

  -- For whoever runs this migration to show.
  perform set_config('rc.notice', format('upgraded the table of the Python library, %s rows kept', (select count(*) from rc_circuit_breakers))
    || case when zoneless then format('; its times were read in %1$s: if that is not the time zone of the session that its role gets, run '
      || '"alter role ... set timezone = %1$L" for that role', zone) else '' end, true);
end
$rc$;
--> statement-breakpoint
create table if not exists rc_circuit_transitions (
  id bigint primary key generated always as identity,
  resource_key text not null,
  namespace text not null,
  generation bigint not null,
  from_state text not null,
  to_state text not null,
  cause text not null,
  actor text,
  reason text,
  at timestamp with time zone not null,
  flush_id integer
);
--> statement-breakpoint
create index if not exists rc_circuit_transitions_key on rc_circuit_transitions (resource_key, namespace, id);
--> statement-breakpoint
create index if not exists rc_circuit_transitions_at on rc_circuit_transitions (at);
