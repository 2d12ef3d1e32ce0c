-- The window of the Python library's processes, since 0.6: whoever reads a row loads it as the window of the state that it reads. Each
-- transition of ours empties it. Tables that were made before this column was get it here.
alter table rc_circuit_breakers
  add column if not exists execution_log jsonb,
  alter column execution_log set default '[]',
  add column if not exists foreign_window boolean not null default false;
--> statement-breakpoint
-- Only what we opened ourselves: the window of any other row may be that of the Python library's processes.
update rc_circuit_breakers set execution_log = '[]' where own_state = 'OPEN' and execution_log is distinct from '[]';
--> statement-breakpoint
create or replace function rc_circuit_breakers_window() returns trigger language plpgsql as $rc$
begin
  new.foreign_window := true;
  return new;
end
$rc$;
--> statement-breakpoint
-- Writers that keep a window leave an unexpired open alone, unless they mean it; older ones write blindly. An empty window looks like
-- ours, so who wrote it is noted. Ours always move the version on.
create or replace trigger rc_circuit_breakers_window before update of execution_log on rc_circuit_breakers for each row
when (old.version = new.version) execute function rc_circuit_breakers_window();
