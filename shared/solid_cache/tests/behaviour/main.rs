//! What a cache does, whichever adapter holds its entries: every test runs against both.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

mod counters;
mod entries;
mod fetch;
mod formats;
mod groups;
mod multi;
mod namespaces;
mod store;

/// A test of this name for each adapter, of the function of this name.
macro_rules! for_each_adapter {
    ($($module:ident { $($test:ident,)* })*) => {
        mod solid {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    crate::$module::$test(crate::store::Store::solid()).await;
                })*
            })*
        }
        mod memory {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    crate::$module::$test(crate::store::Store::memory()).await;
                })*
            })*
        }
    };
}

for_each_adapter! {
    entries {
        a_value_is_read_as_it_was_written,
        text_is_read_as_it_was_written,
        a_missing_key_is_a_miss,
        a_value_of_another_type_is_a_miss,
        a_blank_key_is_a_miss,
        a_deleted_entry_is_gone,
        an_expired_entry_is_a_miss,
        an_entry_expires_at_a_moment,
        an_entry_of_another_version_is_a_miss_and_stays,
        unless_exist_spares_a_live_entry,
        clear_leaves_nothing,
        options_do_not_change_the_handle_they_are_called_on,
        what_happens_is_counted,
    }
    counters {
        a_counter_starts_at_nothing,
        a_counter_keeps_its_expiry,
        an_expired_counter_starts_anew,
        a_counter_goes_below_zero_and_beyond_32_bits,
        digits_count_as_a_counter,
        what_is_no_number_stays_as_it_is,
        a_counter_that_would_overflow_stays_as_it_is,
        concurrent_increments_all_count,
    }
    multi {
        several_values_at_once,
        fetch_multi_computes_what_is_missing,
        fetch_multi_returns_the_callers_error,
        blank_keys_are_left_out,
        write_multi_spares_live_entries,
    }
    formats {
        bytes_are_read_as_they_were_written,
        text_is_read_as_bytes_too,
        a_number_is_no_bytes,
        packed_values_are_read_by_any_handle,
        packed_values_take_the_place_of_others,
        skip_nil_does_not_keep_packed_nothing,
    }
    namespaces {
        a_handle_has_a_namespace_of_its_own,
        a_handle_without_namespace_takes_keys_as_they_are,
        clear_empties_all_namespaces,
        entries_expire_as_configured,
    }
    groups {
        a_tag_takes_the_entries_that_carry_it,
        an_overwritten_entry_loses_its_tags,
        a_tag_belongs_to_its_namespace,
        computed_entries_and_counters_carry_tags,
        a_prefix_takes_the_entries_that_begin_with_it,
        a_prefix_takes_entries_of_its_namespace_only,
        changes_are_seen_when_they_return,
    }
    fetch {
        a_missing_value_is_computed_once_and_kept,
        the_callers_error_is_returned_and_not_kept,
        force_computes_anew,
        skip_nil_does_not_keep_nothing,
        nothing_is_kept_otherwise,
        a_blank_key_is_computed,
        an_unreadable_value_is_computed_anew,
        concurrent_fetches_compute_once,
        those_who_wait_compute_themselves_when_the_leader_fails,
        another_leads_when_the_leader_goes_away,
        a_delete_meanwhile_keeps_the_older_value_out,
        another_version_is_computed_apart,
        an_expired_value_serves_the_others_for_a_while,
        a_value_that_expired_long_ago_serves_nobody,
    }
}
