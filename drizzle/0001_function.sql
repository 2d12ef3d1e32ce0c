-- The exchange as a function stands in a later migration, which is written anew with each change of it.
create or replace function rc_circuit_breakers_touch() returns trigger language plpgsql as $rc$
begin
  new.updated_at := date_trunc('milliseconds', clock_timestamp());
  return new;
end
$rc$;
--> statement-breakpoint
-- For writers that forget updated_at. Ours keep it themselves, and always move the version on.
create or replace trigger rc_circuit_breakers_updated_at before update on rc_circuit_breakers for each row
when (old.version = new.version and old.updated_at is not distinct from new.updated_at
  and (old.state, old.failure_count, old.open_until) is distinct from (new.state, new.failure_count, new.open_until))
execute function rc_circuit_breakers_touch();
