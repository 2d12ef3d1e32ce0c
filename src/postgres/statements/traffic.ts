/**
 * `traffic.ts` of the core in plpgsql, in the same order of its operations: floating-point numbers come to the same then. Here
 * `c` is the row and `r` the request.
 */

/** Before anything is counted: the counts moved on to now, with what the isolate tells of its calls, if it was drawn. */
export const TOLD = `newest := now_ms / 3000; gone := newest - c.calls_bucket; tells := false;
            if c.calls_ms > 0 and abs(gone) < 10 then
              gone := greatest(gone, 0); newest := c.calls_bucket + gone; first := c.calls_first;
              made_calls := c.calls[gone + 1:] || array_fill(0::float8, array[gone::int]);
              told_calls := c.tells[gone + 1:] || array_fill(0::float8, array[gone::int]);
            else first := newest + 1; made_calls := array_fill(0::float8, array[10]); told_calls := made_calls; end if;
            if r.draw is not null then
              share := least(r.share, case when c.calls_ms = 0 then 1 else (9 * greatest(1000, now_ms - greatest(newest - 9, first - 1) * 3000))::float8 /
                (1000 * greatest((select sum(x) from unnest(told_calls) x), 1)) end);
              tells := r.draw < share;
            end if;
            if tells then
              for i in 1 .. 10 loop
                gone := least(now_ms, (newest - 9 + i) * 3000) - greatest(now_ms - greatest(1, r.span_ms), (newest - 10 + i) * 3000);
                if gone > 0 then made_calls[i] := made_calls[i] + r.calls / share * gone::float8 / greatest(1, r.span_ms)::float8; end if;
              end loop;
              told_calls[10] := told_calls[10] + 1 / share;
              c.calls_bucket := newest; c.calls_first := first; c.calls_ms := 3000; c.calls := made_calls; c.tells := told_calls;
            end if;`

/** What the outcomes of a report stand for; `alive`: how many other isolates are, null where it gives no name. */
export const ACCOUNTED = `rate := (select case when count(*) < 2 then 0 else sum(x) / (count(*) * 3000)::float8 end
              from unnest(made_calls[:7]) with ordinality u(x, i) where newest - 10 + i >= first);
            if rate < 0.02::float8 or alive = 0 then c.recently_failed := 0; c.credit := 0;
            else
              gone := least(60000, greatest(0, now_ms - c.accounted_at));
              faded := c.recently_failed * gone::float8 / (greatest(150, 8 / rate) + gone::float8);
              credit := greatest(0, rate * gone::float8 - faded) * coalesce(r.told, 1) + c.credit;
              c.recently_failed := c.recently_failed - faded + bit_count(bits)::float8 / coalesce(r.told, 1);
              c.credit := credit - floor(credit);
              bits := (repeat('0', least(floor(credit), 1000)::int) || repeat('1', bit_count(bits)::int))::varbit;
            end if;
            c.accounted_at := now_ms;`

/** When a breaker closes: the fleet calls as it did when somebody last told. */
export const TRAFFIC_AGAIN = `if c.calls_ms > 0 then c.calls_first := c.calls_first + now_ms / 3000 - c.calls_bucket; c.calls_bucket := now_ms / 3000; end if;
          c.accounted_at := now_ms; c.recently_failed := 0; c.credit := 0;`
