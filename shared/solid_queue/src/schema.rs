//! The tables of the queue database, as far as this crate reads and writes them.

use diesel::{allow_tables_to_appear_in_same_query, joinable, table};

table! {
    solid_queue_jobs (id) {
        id -> BigInt,
        queue_name -> Text,
        class_name -> Text,
        arguments -> Nullable<Text>,
        priority -> Integer,
        active_job_id -> Nullable<Text>,
        scheduled_at -> Nullable<Text>,
        finished_at -> Nullable<Text>,
        concurrency_key -> Nullable<Text>,
        created_at -> Text,
        updated_at -> Text,
        batch_id -> Nullable<BigInt>,
    }
}

table! {
    solid_queue_ready_executions (id) {
        id -> BigInt,
        job_id -> BigInt,
        queue_name -> Text,
        priority -> Integer,
        created_at -> Text,
    }
}

table! {
    solid_queue_scheduled_executions (id) {
        id -> BigInt,
        job_id -> BigInt,
        queue_name -> Text,
        priority -> Integer,
        scheduled_at -> Text,
        created_at -> Text,
    }
}

table! {
    solid_queue_claimed_executions (id) {
        id -> BigInt,
        job_id -> BigInt,
        process_id -> Nullable<BigInt>,
        created_at -> Text,
    }
}

table! {
    solid_queue_blocked_executions (id) {
        id -> BigInt,
        job_id -> BigInt,
        queue_name -> Text,
        priority -> Integer,
        concurrency_key -> Text,
        expires_at -> Text,
        created_at -> Text,
    }
}

table! {
    solid_queue_failed_executions (id) {
        id -> BigInt,
        job_id -> BigInt,
        error -> Nullable<Text>,
        created_at -> Text,
    }
}

table! {
    solid_queue_pauses (id) {
        id -> BigInt,
        queue_name -> Text,
        created_at -> Text,
    }
}

table! {
    solid_queue_processes (id) {
        id -> BigInt,
        kind -> Text,
        last_heartbeat_at -> Text,
        supervisor_id -> Nullable<BigInt>,
        pid -> Integer,
        hostname -> Nullable<Text>,
        metadata -> Nullable<Text>,
        created_at -> Text,
        name -> Text,
    }
}

table! {
    solid_queue_batches (id) {
        id -> BigInt,
        active_job_batch_id -> Nullable<Text>,
        description -> Nullable<Text>,
        on_finish -> Nullable<Text>,
        on_success -> Nullable<Text>,
        on_failure -> Nullable<Text>,
        metadata -> Nullable<Text>,
        total_jobs -> Integer,
        completed_jobs -> Integer,
        failed_jobs -> Integer,
        enqueued_at -> Nullable<Text>,
        finished_at -> Nullable<Text>,
        failed_at -> Nullable<Text>,
        created_at -> Text,
        updated_at -> Text,
    }
}

joinable!(solid_queue_ready_executions -> solid_queue_jobs (job_id));
joinable!(solid_queue_scheduled_executions -> solid_queue_jobs (job_id));
allow_tables_to_appear_in_same_query!(
    solid_queue_jobs,
    solid_queue_ready_executions,
    solid_queue_scheduled_executions,
    solid_queue_claimed_executions,
    solid_queue_processes,
);
