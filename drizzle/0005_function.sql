-- Written by .ci/write-function-migration.ts: do not edit.
--
-- The exchange as a function, whose plans stay cached. Without it the library sends the same body with each request.
create or replace function rc_exchange_ae017619(jsonb) returns json language plpgsql as $rc$
#variable_conflict use_column
declare
  request jsonb := $1;
  answer text;
  r record; c rc_circuit_breakers; o rc_circuit_breakers; f rc_circuit_breakers;
  t timestamptz; now_ms bigint; open_ms bigint; wait_ms bigint; token bigint; newest bigint; gone bigint;
  verdict text; stage text; goal text; why text; standing text; made jsonb;
  writes boolean; creates boolean; held boolean; due boolean; grants boolean; wrote boolean; timed boolean; meant boolean; signs boolean;
  bits varbit; near varbit; kept bigint[]; size int; at int; rounds int; f_bit int; good int; bad int;
  who int; needed int; tally int; most bigint; nth bigint; alive int; first bigint; tells boolean;
  made_calls float8[]; told_calls float8[]; share float8; rate float8; faded float8; credit float8;
begin
  if not request @? '$[*] ? (@.type != "look")' then
    return (select json_agg(json_build_object('at', floor(extract(epoch from clock_timestamp()) * 1000)::bigint, 'snapshot', (select json_build_object('resource_key', c.resource_key, 'namespace', c.namespace, 'state', c.state, 'generation', c.generation,
    'previous_generation', c.previous_generation, 'version', c.version, 'failure_count', c.failure_count, 'open_until', case when isfinite(c.open_until) then floor(extract(epoch from c.open_until) * 1000)::bigint
      when c.open_until = 'infinity' then 253402214400000 end,
    'cooldown_ms', c.cooldown_ms, 'log', c.log, 'opens', c.opens, 'cause', c.cause, 'leases', c.leases, 'lease_ms', c.lease_ms, 'bucket', c.bucket,
    'bucket_ms', c.bucket_ms, 'bucket_successes', c.bucket_successes, 'bucket_failures', c.bucket_failures, 'override', c.override,
    'override_until', floor(extract(epoch from c.override_until) * 1000)::bigint, 'override_ms', c.override_ms, 'override_actor', c.override_actor, 'override_reason', c.override_reason,
    'would_reject', c.would_reject, 'settings', c.settings, 'seen', c.seen, 'seen_at', c.seen_at,
    'failures', c.failures, 'failed', c.failed, 'failed_nth', c.failed_nth, 'alone', c.alone, 'alone_until', c.alone_until,
    'calls_bucket', c.calls_bucket, 'calls_ms', c.calls_ms, 'calls', c.calls, 'tells', c.tells, 'calls_first', c.calls_first,
    'accounted_at', c.accounted_at, 'recently_failed', c.recently_failed, 'credit', c.credit, 'updated_at', floor(extract(epoch from c.updated_at) * 1000)::bigint, 'since', c.flush_ids[1],
    'foreign', case when c.state <> c.own_state or c.open_until is distinct from c.own_open_until then json_build_object('state', c.own_state, 'open_until', floor(extract(epoch from c.own_open_until) * 1000)::bigint, 'window', (c.foreign_window or c.execution_log is distinct from '[]')) end)
      from rc_circuit_breakers c where c.resource_key = q.e ->> 'resource_key' and c.namespace = q.e ->> 'namespace')) order by q.ordinal)
      from jsonb_array_elements(request) with ordinality as q(e, ordinal));
  end if;
  for r in
    select x.ordinality as ordinal, x.*, coalesce((x.settings -> 'trip' ->> 'outOf')::int, 0) as out_of, (x.settings -> 'trip' ->> 'failures')::int as failures,
           (x.settings -> 'trip' ->> 'rate')::float8 as rate, (x.settings -> 'trip' ->> 'minimum')::int as minimum,
           (x.settings -> 'trip' ->> 'bucketMs')::bigint as bucket_ms, (x.settings ->> 'probes')::int as probes,
           (x.settings ->> 'successes')::int as successes, (x.settings ->> 'probeConcurrency')::int as concurrency, (x.settings ->> 'reporters')::int as reporters,
           (x.tell ->> 'calls')::float8 as calls, (x.tell ->> 'spanMs')::bigint as span_ms, (x.tell ->> 'draw')::float8 as draw, (x.tell ->> 'share')::float8 as share,
           array(select jsonb_array_elements_text(x.settings -> 'cooldownMs')::bigint) as cooldowns
      from rows from (jsonb_to_recordset(request) as (type text, resource_key text, namespace text, settings jsonb,
           generation bigint, flush_id int, since int, outcomes varbit, tokens bigint[], released bigint[], retry_after_ms bigint, trip boolean,
           would_reject int, lease_ms bigint, command text, override text, for_ms bigint, cooldown_ms bigint[], actor text, reason text,
           reporter int, alive_ms bigint, alone boolean, tell jsonb, told float8)) with ordinality as x
     order by x.resource_key collate "C", x.namespace collate "C"
  loop
    writes := r.type = 'report' and (length(r.outcomes) > 0 or r.released <> '{}' or r.would_reject > 0);
    creates := r.type = 'command' or writes and r.since is null and (r.would_reject > 0 or r.generation = 0 and length(r.outcomes) > 0);
    select * into c from rc_circuit_breakers where resource_key = r.resource_key and namespace = r.namespace;
    held := case when not found then creates else r.type = 'command' or c.state <> c.own_state or c.open_until is distinct from c.own_open_until
      or r.type = 'show' and c.state = 'CLOSED' and c.version > 0 and (r.draw is not null or r.alone
        or exists (select from unnest(c.alone, c.alone_until) u(i, e) where i = r.reporter and e > (extract(epoch from clock_timestamp()) * 1000)::bigint)
        or (select count(*) from unnest(c.seen, c.seen_at) u(i, a) where i <> r.reporter and abs((extract(epoch from clock_timestamp()) * 1000)::bigint - a) < r.alive_ms * 0.4::float8) < r.reporters)
      or writes and (r.would_reject > 0 or c.state <> 'OPEN' and c.generation = r.generation
                     or c.state = 'OPEN' and c.previous_generation = r.generation and r.retry_after_ms is not null) end;
    loop
      -- Also a row that was read above may be gone once its lock is given: it was pruned meanwhile.
      rounds := 0;
      while held loop
        select * into c from rc_circuit_breakers where resource_key = r.resource_key and namespace = r.namespace for no key update;
        exit when found or not creates;
        rounds := rounds + 1;
        if rounds > 9 then
          raise exception using errcode = 'RC001', message = 'a row of rc_circuit_breakers was not stored as it was written: a trigger, a rule or a row-level security policy drops, changes or hides it';
        end if;
        insert into rc_circuit_breakers (resource_key, namespace, updated_at) values (r.resource_key, r.namespace, 'epoch') on conflict do nothing;
      end loop;
      t := date_trunc('milliseconds', clock_timestamp());
      now_ms := extract(epoch from t) * 1000;
      if c.resource_key is null then
        c := jsonb_populate_record(null::rc_circuit_breakers, '{"state": "CLOSED", "own_state": "CLOSED", "failure_count": 0, "cooldown_ms": 0, "generation": 0,
          "previous_generation": 0, "version": 0, "log": "", "opens": 0, "leases": [], "lease_ms": 0, "bucket": 0, "bucket_ms": 0, "bucket_successes": [],
          "bucket_failures": [], "would_reject": 0, "flush_ids": [], "seen": [], "seen_at": [], "failures": 0, "failed": [], "failed_nth": [], "alone": [], "alone_until": [], "calls_bucket": 0, "calls_ms": 0, "calls": [], "tells": [],
          "calls_first": 0, "accounted_at": 0, "recently_failed": 0, "credit": 0, "updated_at": "1970-01-01T00:00:00Z"}');
        c.resource_key := r.resource_key; c.namespace := r.namespace;
      end if;
      exit when held or r.type is distinct from 'acquire' or c.state = 'CLOSED';
      held := case when c.state = 'OPEN' then c.open_until is null or c.open_until <= t or c.open_until > t + c.cooldown_ms * interval '1 ms'
        else greatest(1, least(r.concurrency, r.probes - length(c.log))) >
          (select count(*) from unnest(c.leases) l where l / 1000 > now_ms and l / 1000 - now_ms <= c.lease_ms) end;
      exit when not held;
    end loop;

    made := '[]';
    foreach stage in array case when c.state <> c.own_state or c.open_until is distinct from c.own_open_until then '{foreign,rule}'::text[] else '{rule}' end loop
      f := c; c.state := c.own_state; c.open_until := c.own_open_until; o := c;
      open_ms := floor(extract(epoch from c.open_until) * 1000);
      due := c.state = 'OPEN' and (open_ms is null or open_ms <= now_ms or open_ms - now_ms > c.cooldown_ms);
      standing := case when c.override_until is null or c.override_until > t and c.override_until <= t + c.override_ms * interval '1 ms' then c.override end;
      goal := null; why := null; wait_ms := 0; wrote := false; grants := false; signs := false; verdict := 'none'; token := null;

      if stage = 'foreign' then
        wrote := true; why := 'foreign';
        meant := c.state = 'OPEN' and not due and (f.foreign_window or f.execution_log is distinct from '[]');
        if f.state = 'OPEN' then
          wait_ms := least(greatest(coalesce(floor(extract(epoch from f.open_until) * 1000), 0) - now_ms, 0), 86400000);
          if c.state <> 'OPEN' then goal := 'OPEN'; c.failure_count := f.failure_count;
          elsif due or meant or now_ms + wait_ms > open_ms then open_ms := now_ms + wait_ms; c.cooldown_ms := wait_ms; end if;
        elsif f.state <> c.state and (meant or (due or c.state <> 'OPEN') and (f.state = 'HALF_OPEN' or f.failure_count = 0)) then goal := f.state; end if;
        if goal is null then c.failure_count := bit_count(c.log); end if;

      elsif r.type = 'report' then
        <<judge>> begin
          exit judge when not writes;
          verdict := 'duplicate'; exit judge when r.flush_id = any (c.flush_ids);
          verdict := 'unknown';   exit judge when case when r.since is null then cardinality(c.flush_ids) >= 128 else r.since <> all (c.flush_ids) end;
          wrote := r.would_reject > 0;
          verdict := 'overridden'; exit judge when standing <> 'METRICS_ONLY';
          verdict := 'stale';
          if c.state = 'OPEN' then
            if r.generation = c.previous_generation and now_ms + r.retry_after_ms > open_ms then
              verdict := 'extended'; wrote := true; open_ms := now_ms + r.retry_after_ms; c.cooldown_ms := r.retry_after_ms;
            end if;
            exit judge;
          end if;
          exit judge when r.generation <> c.generation;
          bits := r.outcomes; size := r.out_of; timed := c.state = 'CLOSED' and r.bucket_ms is not null;
          if c.state = 'HALF_OPEN' then
            kept := array(select l from unnest(c.leases) with ordinality u(l, i) where l <> all (r.tokens || r.released) order by i);
            exit judge when cardinality(kept) = cardinality(c.leases);
            bits := coalesce((select string_agg(substring(r.outcomes from i::int for 1)::text, '' order by i) from unnest(r.tokens) with ordinality u(l, i)
                               where l = any (c.leases) and i <= length(r.outcomes)), '')::varbit;
            c.leases := kept; size := r.probes;
          else exit judge when length(bits) = 0; end if;
          verdict := 'counted'; wrote := true; most := null; tally := 0;
          if timed then
            newest := now_ms / greatest(c.bucket_ms, 1); gone := newest - c.bucket;
            if c.bucket_ms > 0 and gone > -10 and gone < 10 then
              gone := greatest(gone, 0); c.bucket := c.bucket + gone;
              c.bucket_successes := c.bucket_successes[gone + 1:] || array_fill(0, array[gone::int]);
              c.bucket_failures := c.bucket_failures[gone + 1:] || array_fill(0, array[gone::int]);
            else
              c.bucket_ms := r.bucket_ms; c.bucket := now_ms / r.bucket_ms;
              c.bucket_successes := array_fill(0, array[10]); c.bucket_failures := c.bucket_successes;
            end if;
            select sum(x), sum(y) into good, bad from unnest(c.bucket_successes, c.bucket_failures) as u(x, y);
          end if;
          if c.state = 'CLOSED' then
            alive := case when r.reporter is not null then
              (select count(*) from unnest(c.seen, c.seen_at) u(i, a) where i <> r.reporter and abs(now_ms - a) < r.alive_ms) end;
            if r.reporter is not null then
              needed := least(r.reporters, case when not timed then r.failures end, 1 + alive);
              if needed - (select count(*) from unnest(c.alone, c.alone_until) u(i, e) where i <> r.reporter and e > now_ms) > 1 then
                nth := (select n from unnest(c.failed, c.failed_nth) with ordinality u(i, n, o) where i <> r.reporter order by o offset needed - 2 limit 1);
                most := case when nth is null then 0 when not timed then greatest(0, r.failures - 1 - c.failures + nth) when c.failures - nth >= bad then 0 end;
              end if;
            end if;
            newest := now_ms / 3000; gone := newest - c.calls_bucket; tells := false;
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
            end if;
          end if;
          if c.state = 'CLOSED' and not timed then
            if c.calls_ms > 0 then
            rate := (select case when count(*) < 2 then 0 else sum(x) / (count(*) * 3000)::float8 end
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
            c.accounted_at := now_ms;
            end if;
            -- Only a failure can trip it: from each to the next.
            bits := c.log || bits; at := length(c.log);
            loop
              f_bit := position(b'1' in substring(bits from at + 1)); at := at + f_bit;
              exit when f_bit = 0;
              tally := tally + 1;
              if at >= size and (most is null or tally <= most) and bit_count(substring(bits from at - size + 1 for size)) >= r.failures then
                goal := 'OPEN'; why := 'failure_limit'; bits := substring(bits for at); exit;
              end if;
            end loop;
            c.log := substring(bits from greatest(1, length(bits) - 999)); bits := b'';
          end if;
          for j in 1 .. length(bits) loop
            f_bit := get_bit(bits, j - 1);
            c.log := c.log || substring(bits from j for 1);
            if length(c.log) > 1000 then c.log := substring(c.log from 2); end if;
            if timed then
              good := good + 1 - f_bit; bad := bad + f_bit;
              c.bucket_successes[10] := c.bucket_successes[10] + 1 - f_bit; c.bucket_failures[10] := c.bucket_failures[10] + f_bit;
              tally := tally + f_bit;
              if f_bit = 1 and (most is null or tally <= most) and good + bad >= r.minimum and bad / (good + bad)::float8 >= r.rate then goal := 'OPEN'; why := 'failure_rate'; end if;
            else
              near := substring(c.log from greatest(1, length(c.log) - size + 1));
              if length(near) - bit_count(near) >= r.successes then goal := 'CLOSED'; why := 'probes_succeeded';
              elsif bit_count(near) > r.probes - r.successes then goal := 'OPEN'; why := 'probes_failed'; end if;
            end if;
            exit when goal is not null;
          end loop;
          if c.state = 'CLOSED' and tally > 0 then
            c.failures := c.failures + tally; who := coalesce(r.reporter, 0); at := array_position(c.failed, r.reporter);
            if at is not null then c.failed := c.failed[:at - 1] || c.failed[at + 1:]; c.failed_nth := c.failed_nth[:at - 1] || c.failed_nth[at + 1:]; end if;
            at := case when r.reporter is null then least(tally, 6) else 1 end;
            c.failed := (array_fill(who, array[at]) || c.failed)[:6];
            c.failed_nth := (array(select c.failures - i from generate_series(0, at - 1) i) || c.failed_nth)[:6];
          end if;
          c.failure_count := case when timed then bad else bit_count(substring(c.log from greatest(1, length(c.log) - size + 1))) end;
          if goal is null and r.trip then goal := 'OPEN'; why := 'retry_after'; end if;
          wait_ms := greatest(r.cooldowns[least(c.opens + 1, cardinality(r.cooldowns))], r.retry_after_ms);
        end;
        if wrote then
          who := coalesce(r.reporter, 0);
          at := array_position(c.alone, who);
          if at is not null then c.alone := c.alone[:at - 1] || c.alone[at + 1:]; c.alone_until := c.alone_until[:at - 1] || c.alone_until[at + 1:]; end if;
          signs := at is not null or c.seen[1] is distinct from who or abs(now_ms - c.seen_at[1]) >= 1000;
          c.flush_ids := (r.flush_id || c.flush_ids)[:128]; c.would_reject := c.would_reject + r.would_reject; c.settings := r.settings;
        end if;
        if verdict = 'duplicate' then
          made := coalesce((select jsonb_agg(jsonb_build_object('generation', generation, 'from', from_state, 'to', to_state, 'cause', cause,
            'actor', actor, 'reason', reason, 'at', (extract(epoch from at) * 1000)::bigint)) from (select * from rc_circuit_transitions
            where resource_key = r.resource_key and namespace = r.namespace order by id desc limit 32) h where flush_id = r.flush_id), made);
        end if;

      elsif r.type = 'show' then
        tells := false;
        if held and c.state = 'CLOSED' and c.version > 0 then
          newest := now_ms / 3000; gone := newest - c.calls_bucket; tells := false;
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
            end if;
        end if;
        if held and c.state = 'CLOSED' and c.version > 0 and (tells or r.alone
        or exists (select from unnest(c.alone, c.alone_until) u(i, e) where i = r.reporter and e > now_ms)
        or (select count(*) from unnest(c.seen, c.seen_at) u(i, a) where i <> r.reporter and abs(now_ms - a) < r.alive_ms * 0.4::float8) < r.reporters) then
          wrote := true; signs := true; who := r.reporter;
          select coalesce(array_agg(i order by o), '{}'), coalesce(array_agg(e order by o), '{}') into c.alone, c.alone_until
            from unnest(c.alone, c.alone_until) with ordinality u(i, e, o) where i <> r.reporter and e > now_ms;
          if r.alone then
            c.alone := (r.reporter || c.alone)[:6]; c.alone_until := ((now_ms + greatest(30000, r.alive_ms)) || c.alone_until)[:6];
          end if;
        end if;

      elsif r.type = 'acquire' then
        verdict := 'admitted';
        if standing is distinct from 'DISABLED' and c.state <> 'CLOSED' then
          grants := due or c.state = 'HALF_OPEN' and greatest(1, least(r.concurrency, r.probes - length(c.log))) >
            (select count(*) from unnest(c.leases) l where l / 1000 > now_ms and l / 1000 - now_ms <= c.lease_ms);
          verdict := case when grants then 'probe' when standing = 'METRICS_ONLY' then 'would-reject' else 'rejected' end;
          if due then goal := 'HALF_OPEN'; why := 'cooldown_over'; end if;
          if grants then wrote := true; c.settings := r.settings; end if;
        end if;

      elsif r.type = 'command' then
        verdict := 'commanded'; wrote := true;
        if r.command = 'open' then goal := 'OPEN'; why := 'opened'; wait_ms := r.cooldown_ms[least(c.opens + 1, cardinality(r.cooldown_ms))];
        elsif r.command = 'close' then goal := 'CLOSED'; why := 'closed';
        elsif r.command = 'reset' then goal := 'CLOSED'; why := 'reset'; c.would_reject := 0;
        elsif r.override = 'FORCED_OPEN' then goal := 'OPEN'; why := 'isolated'; wait_ms := coalesce(r.for_ms, 253402214400000); c.opens := c.opens - 1;
        elsif c.state = 'OPEN' and c.override = 'FORCED_OPEN' then open_ms := now_ms; end if;
      end if;

      if signs then
        at := array_position(c.seen, who);
        if at is not null then c.seen := c.seen[:at - 1] || c.seen[at + 1:]; c.seen_at := c.seen_at[:at - 1] || c.seen_at[at + 1:]; end if;
        c.seen := (who || c.seen)[:6]; c.seen_at := (now_ms || c.seen_at)[:6];
      end if;
      if goal is not null then
        c.previous_generation := c.generation; c.generation := greatest(c.generation + 1, now_ms); c.cause := why; c.state := goal;
        c.leases := '{}'; c.lease_ms := 0; c.bucket := 0; c.bucket_ms := 0; c.bucket_successes := '{}'; c.bucket_failures := '{}';
        if goal = 'OPEN' then c.opens := c.opens + 1; c.cooldown_ms := wait_ms; open_ms := least(now_ms + wait_ms, 253402214400000);
        else c.log := b''; c.failure_count := 0; c.cooldown_ms := 0; open_ms := null; end if;
        if goal = 'CLOSED' then
          c.opens := 0; c.failures := 0; c.failed := '{}'; c.failed_nth := '{}'; c.alone := '{}'; c.alone_until := '{}';
          c.seen_at := array_fill(now_ms, array[cardinality(c.seen)]);
          if c.calls_ms > 0 then c.calls_first := c.calls_first + now_ms / 3000 - c.calls_bucket; c.calls_bucket := now_ms / 3000; end if;
          c.accounted_at := now_ms; c.recently_failed := 0; c.credit := 0;
        end if;
        wrote := true;
      end if;
      if goal is not null and c.override = 'FORCED_OPEN' or stage = 'rule' and r.type = 'command' and r.command <> 'open' then
        c.override := null; c.override_until := null; c.override_ms := null; c.override_actor := null; c.override_reason := null;
        if r.type = 'command' and stage = 'rule' and r.override is not null then
          c.override := r.override; c.override_actor := r.actor; c.override_reason := r.reason;
          c.override_ms := r.for_ms; c.override_until := t + r.for_ms * interval '1 ms';
        end if;
      end if;
      if grants then
        c.lease_ms := greatest(c.lease_ms, r.lease_ms);
        c.leases := array(select l from (select l, i, ended, row_number() over (partition by ended order by i desc) as age
          from unnest(c.leases) with ordinality u(l, i), lateral (select l / 1000 <= now_ms or l / 1000 - now_ms > c.lease_ms as ended) e) k
          where not ended or age <= 128 order by i);
        token := (now_ms + r.lease_ms) * 1000;
        while token = any (c.leases) loop token := token + 1; end loop;
        c.leases := c.leases || token;
      end if;

      if wrote then
        if goal is not null or grants or stage = 'foreign' or r.type = 'command' then
          perform set_config('synchronous_commit', coalesce(nullif(current_setting('rc.synchronous_commit', true), ''), 'on'), true);
        end if;
        c.open_until := timestamptz 'epoch' + open_ms * interval '1 ms';
        -- What another program closed or half-opened has that program's window.
        if c.state = 'OPEN' or goal is not null and stage = 'rule' then c.execution_log := '[]'; end if;
        c.own_state := c.state; c.own_open_until := c.open_until; c.version := c.version + 1;
        if stage = 'foreign' or r.type = 'command' or t - c.updated_at >= interval '1 hour' or t < c.updated_at
          or (c.state, c.failure_count, c.log, c.open_until) is distinct from (o.state, o.failure_count, o.log, o.open_until)
        then c.updated_at := t; end if;
        update rc_circuit_breakers set state = c.state, failure_count = c.failure_count, open_until = c.open_until, updated_at = c.updated_at,
          execution_log = c.execution_log, foreign_window = false, own_state = c.own_state, own_open_until = c.own_open_until, cooldown_ms = c.cooldown_ms, generation = c.generation,
          previous_generation = c.previous_generation, version = c.version, log = c.log, opens = c.opens, cause = c.cause, leases = c.leases,
          lease_ms = c.lease_ms, bucket = c.bucket, bucket_ms = c.bucket_ms, bucket_successes = c.bucket_successes, bucket_failures = c.bucket_failures,
          override = c.override, override_until = c.override_until, override_ms = c.override_ms, override_actor = c.override_actor,
          override_reason = c.override_reason, would_reject = c.would_reject, settings = c.settings, flush_ids = c.flush_ids,
          seen = c.seen, seen_at = c.seen_at, failures = c.failures, failed = c.failed, failed_nth = c.failed_nth, alone = c.alone, alone_until = c.alone_until,
          calls_bucket = c.calls_bucket, calls_ms = c.calls_ms, calls = c.calls, tells = c.tells, calls_first = c.calls_first,
          accounted_at = c.accounted_at, recently_failed = c.recently_failed, credit = c.credit
         where resource_key = c.resource_key and namespace = c.namespace returning * into f;
        if (f.resource_key, f.namespace, f.generation, f.version, f.state, f.own_state, f.open_until, f.log, f.leases, f.bucket_failures, f.override, f.flush_ids) is distinct from
           (c.resource_key, c.namespace, c.generation, c.version, c.state, c.own_state, c.open_until, c.log, c.leases, c.bucket_failures, c.override, c.flush_ids) then
          raise exception using errcode = 'RC001', message = 'a row of rc_circuit_breakers was not stored as it was written: a trigger, a rule or a row-level security policy drops, changes or hides it';
        end if;
        if goal is not null or stage = 'rule' and r.type = 'command' then
          made := made || jsonb_build_object('generation', c.generation, 'from', o.state, 'to', c.state, 'cause', coalesce(why, 'overridden'), 'at', now_ms,
            'actor', case when stage = 'rule' then r.actor end, 'reason', case when stage = 'rule' then r.reason end);
          insert into rc_circuit_transitions (resource_key, namespace, generation, from_state, to_state, cause, actor, reason, at, flush_id)
          values (c.resource_key, c.namespace, c.generation, o.state, c.state, coalesce(why, 'overridden'), case when stage = 'rule' then r.actor end,
            case when stage = 'rule' then r.reason end, t, case when stage = 'rule' then r.flush_id end);
          if not found then
            raise exception using errcode = 'RC001', message = 'a row of rc_circuit_transitions was not stored as it was written: a trigger, a rule or a row-level security policy drops, changes or hides it';
          end if;
        end if;
      end if;
    end loop;
    answer := concat_ws(',', answer, json_build_object('ordinal', r.ordinal, 'verdict', verdict, 'token', token, 'transitions', made, 'at', now_ms, 'snapshot', json_build_object('resource_key', c.resource_key, 'namespace', c.namespace, 'state', c.state, 'generation', c.generation,
    'previous_generation', c.previous_generation, 'version', c.version, 'failure_count', c.failure_count, 'open_until', case when isfinite(c.open_until) then floor(extract(epoch from c.open_until) * 1000)::bigint
      when c.open_until = 'infinity' then 253402214400000 end,
    'cooldown_ms', c.cooldown_ms, 'log', c.log, 'opens', c.opens, 'cause', c.cause, 'leases', c.leases, 'lease_ms', c.lease_ms, 'bucket', c.bucket,
    'bucket_ms', c.bucket_ms, 'bucket_successes', c.bucket_successes, 'bucket_failures', c.bucket_failures, 'override', c.override,
    'override_until', floor(extract(epoch from c.override_until) * 1000)::bigint, 'override_ms', c.override_ms, 'override_actor', c.override_actor, 'override_reason', c.override_reason,
    'would_reject', c.would_reject, 'settings', c.settings, 'seen', c.seen, 'seen_at', c.seen_at,
    'failures', c.failures, 'failed', c.failed, 'failed_nth', c.failed_nth, 'alone', c.alone, 'alone_until', c.alone_until,
    'calls_bucket', c.calls_bucket, 'calls_ms', c.calls_ms, 'calls', c.calls, 'tells', c.tells, 'calls_first', c.calls_first,
    'accounted_at', c.accounted_at, 'recently_failed', c.recently_failed, 'credit', c.credit, 'updated_at', floor(extract(epoch from c.updated_at) * 1000)::bigint, 'since', c.flush_ids[1],
    'foreign', case when c.state <> c.own_state or c.open_until is distinct from c.own_open_until then json_build_object('state', c.own_state, 'open_until', floor(extract(epoch from c.own_open_until) * 1000)::bigint, 'window', (c.foreign_window or c.execution_log is distinct from '[]')) end)));
  end loop;
  return ('[' || answer || ']')::json;
end
$rc$;
