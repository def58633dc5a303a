//! The sums of the metrics that functions print.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::{document::Metric, snapshot::MetricCounts};

/// Every printed metric, by namespace and name.
#[derive(Debug, Default)]
pub(super) struct Sums {
    metrics: Mutex<BTreeMap<(String, String), MetricCounts>>,
}

impl Sums {
    pub(super) fn add(&self, metrics: Vec<Metric>) {
        let mut sums = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        for Metric { namespace, name, unit, count, sum, max } in metrics {
            let sums = sums.entry((namespace.clone(), name.clone())).or_insert_with(|| MetricCounts {
                namespace,
                name,
                unit: None,
                count: 0,
                sum: 0.0,
                max,
            });
            sums.unit = unit.or_else(|| sums.unit.take());
            sums.count += count;
            sums.sum += sum;
            sums.max = sums.max.max(max);
        }
    }

    pub(super) fn counts(&self) -> Vec<MetricCounts> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(namespace: &str, name: &str, unit: Option<&str>, values: &[f64]) -> Metric {
        Metric {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            unit: unit.map(str::to_owned),
            count: values.len() as u64,
            sum: values.iter().sum(),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }

    #[test]
    fn values_are_summed_by_namespace_and_name() {
        let sums = Sums::default();
        sums.add(vec![metric("a", "Ms", Some("Milliseconds"), &[-4.0])]);
        sums.add(vec![metric("a", "Ms", None, &[-3.0, -1.5]), metric("b", "Ms", None, &[1.0])]);
        let counts = |namespace: &str, unit: Option<&str>, count, sum, max| MetricCounts {
            namespace: namespace.to_owned(),
            name: "Ms".to_owned(),
            unit: unit.map(str::to_owned),
            count,
            sum,
            max,
        };
        let expected = [counts("a", Some("Milliseconds"), 3, -8.5, -1.5), counts("b", None, 1, 1.0, 1.0)];
        assert_eq!(sums.counts(), expected);
    }
}
