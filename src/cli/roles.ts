import { namesIn } from '../postgres/statements/names.ts'

/**
 * The SQL for three roles with no more than they need: first the roles and the tables, then the
 * function.
 * @throws {InvalidOptionError} where `schema` is no plain name
 */
export function rolesSql(schema: string | undefined): string {
  const { breakers, transitions } = namesIn(schema)
  const both = `${breakers}, ${transitions}`
  const within = schema === undefined ? 'public' : `"${schema}"`
  return `create role rc_worker login password 'change-me-1';
create role rc_operator login password 'change-me-2';
create role rc_reader login password 'change-me-3';

grant usage on schema ${within} to rc_worker, rc_operator, rc_reader;
revoke all on ${both} from public;
grant select on ${both} to rc_worker, rc_operator, rc_reader;
grant insert, update on ${breakers} to rc_worker, rc_operator;
grant insert on ${transitions} to rc_worker, rc_operator;
grant delete on ${both} to rc_operator;

-- Again after each pg-setup: each version has a function of its own.
do $$
declare
  fn regprocedure;
begin
  for fn in select oid from pg_proc
      where pronamespace = '${within}'::regnamespace and proname ~ '^rc_exchange_[0-9a-f]{8}$' loop
    execute format('revoke execute on function %s from public', fn);
    execute format('grant execute on function %s to rc_worker, rc_operator', fn);
  end loop;
end
$$;
`
}
