use rand::RngExt as _;

use super::values::generator;

/// Requests for keys, some far more often than others: the one of rank `n` as often as `1 / n^alpha`.
pub(crate) fn trace(keys: u32, alpha: f64, requests: usize) -> Vec<u32> {
    let (table, mut generator) = (cumulative(keys, alpha), generator());
    let all = table.last().copied().unwrap_or_default();
    let mut draw = || {
        let point = generator.random::<f64>() * all;
        let place = table.partition_point(|sum| *sum <= point);
        u32::try_from(place).unwrap_or(keys).min(keys - 1)
    };
    (0..requests).map(|_| draw()).collect()
}

/// How often each key is asked for together with those before it, in no particular unit.
fn cumulative(keys: u32, alpha: f64) -> Vec<f64> {
    let weights = (1..=keys).map(|rank| f64::from(rank).powf(-alpha));
    let sums = weights.scan(0.0, |sum, weight| {
        *sum += weight;
        Some(*sum)
    });
    sums.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_asked_for_as_often_as_its_rank_says() {
        let trace = trace(100, 1.0, 100_000);
        let share = |key| trace.iter().filter(|asked| **asked == key).count();
        // 1 / (1 + 1/2 + ... + 1/100) of all requests.
        assert!(share(0).abs_diff(19_278) < 500, "{}", share(0));
        assert!(share(9).abs_diff(1_928) < 200, "{}", share(9));
    }
}
