CREATE TABLE "rc_circuit_breakers" (
	"resource_key" text NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"state" text DEFAULT 'CLOSED' NOT NULL,
	"failure_count" integer DEFAULT 0 NOT NULL,
	"open_until" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"own_state" text DEFAULT 'CLOSED' NOT NULL,
	"own_open_until" timestamp with time zone,
	"cooldown_ms" bigint DEFAULT 0 NOT NULL,
	"generation" bigint DEFAULT 0 NOT NULL,
	"previous_generation" bigint DEFAULT 0 NOT NULL,
	"version" bigint DEFAULT 0 NOT NULL,
	"log" "varbit" DEFAULT '' NOT NULL,
	"opens" integer DEFAULT 0 NOT NULL,
	"cause" text,
	"leases" bigint[] DEFAULT '{}' NOT NULL,
	"lease_ms" bigint DEFAULT 0 NOT NULL,
	"bucket" bigint DEFAULT 0 NOT NULL,
	"bucket_ms" bigint DEFAULT 0 NOT NULL,
	"bucket_successes" integer[] DEFAULT '{}' NOT NULL,
	"bucket_failures" integer[] DEFAULT '{}' NOT NULL,
	"override" text,
	"override_until" timestamp with time zone,
	"override_ms" bigint,
	"override_actor" text,
	"override_reason" text,
	"would_reject" bigint DEFAULT 0 NOT NULL,
	"settings" jsonb,
	"flush_ids" integer[] DEFAULT '{}' NOT NULL,
	CONSTRAINT "rc_circuit_breakers_pkey" PRIMARY KEY("resource_key","namespace"),
	CONSTRAINT "rc_circuit_breakers_state" CHECK ("rc_circuit_breakers"."state" in ('CLOSED', 'OPEN', 'HALF_OPEN')),
	CONSTRAINT "rc_circuit_breakers_override" CHECK ("rc_circuit_breakers"."override" in ('FORCED_OPEN', 'DISABLED', 'METRICS_ONLY'))
);
--> statement-breakpoint
CREATE TABLE "rc_circuit_transitions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "rc_circuit_transitions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"resource_key" text NOT NULL,
	"namespace" text NOT NULL,
	"generation" bigint NOT NULL,
	"from_state" text NOT NULL,
	"to_state" text NOT NULL,
	"cause" text NOT NULL,
	"actor" text,
	"reason" text,
	"at" timestamp with time zone NOT NULL,
	"flush_id" integer
);
--> statement-breakpoint
CREATE INDEX "rc_circuit_transitions_key" ON "rc_circuit_transitions" USING btree ("resource_key","namespace","id");--> statement-breakpoint
CREATE INDEX "rc_circuit_transitions_at" ON "rc_circuit_transitions" USING btree ("at");