//! What requests cost on AWS: prices and assumptions from `prices.json`, amounts from a run.

use std::{path::Path, time::Duration};

use serde::Deserialize;

use crate::{Error, report::millis};

/// The file in the repository.
const FILE: &str = "tests/bench/prices.json";
const MEGABYTES_PER_GIGABYTE: f64 = 1024.0;

/// Prices of one region at one date, and what is assumed where a run does not say.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    /// The region, such as `us-east-1`.
    pub region: String,
    /// When the prices were read.
    pub date: String,
    /// What the prices are, and what they leave out.
    pub note: String,
    /// The prices.
    pub prices: Prices,
    /// The assumptions.
    pub assumptions: Assumptions,
}

/// The prices, by what is counted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "`unit` says what is counted")]
pub struct Prices {
    pub write_units: Price,
    pub read_units: Price,
    pub http_requests: Price,
    pub socket_messages: Price,
    pub connection_minutes: Price,
    pub invocations: Price,
    pub gigabyte_seconds: Price,
    pub log_bytes: Price,
    pub traces: Price,
}

/// A price.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The price of `per` units.
    pub dollars: f64,
    /// How many units that is the price of.
    pub per: f64,
    /// What a unit is.
    pub unit: String,
    /// AWS's page.
    pub page: String,
    /// The page where the figure was read.
    pub read_at: String,
}

/// The assumptions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "`why` says what each is")]
pub struct Assumptions {
    pub vcpu_megabytes: Assumption,
    pub requests_per_authorization: Assumption,
    pub authorizer_milliseconds: Assumption,
    pub request_line_bytes: Assumption,
    pub access_log_bytes: Assumption,
    pub platform_log_bytes: Assumption,
    pub naive_log_bytes: Assumption,
    pub traced_share: Assumption,
}

/// A number that no run gives.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// The number.
    pub value: f64,
    /// What it is, and where it is from.
    pub why: String,
}

/// What one request uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Resources {
    /// DynamoDB's write request units.
    pub write_units: f64,
    /// DynamoDB's read request units.
    pub read_units: f64,
    /// Requests to the HTTP API.
    pub http_requests: f64,
    /// Frames to and from the WebSocket API.
    pub socket_messages: f64,
    /// Invocations of Lambda functions.
    pub invocations: f64,
    /// The memory of a function times its billed time.
    pub gigabyte_seconds: f64,
    /// What is written to CloudWatch Logs.
    pub log_bytes: f64,
    /// The traces that X-Ray records.
    pub traces: f64,
}

/// Dollars, by service.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// DynamoDB, writes.
    pub writes: f64,
    /// DynamoDB, reads.
    pub reads: f64,
    /// API Gateway: requests and frames.
    pub gateway: f64,
    /// Lambda: requests and time.
    pub lambda: f64,
    /// CloudWatch Logs.
    pub logs: f64,
    /// X-Ray.
    pub traces: f64,
}

impl Price {
    /// The price of so many units.
    #[must_use]
    pub fn of(&self, units: f64) -> f64 {
        units * self.dollars / self.per
    }
}

impl PriceList {
    /// Reads it from the repository.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or does not have these fields.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let text = std::fs::read(root.join(FILE)).map_err(Error::io(format!("read {FILE}")))?;
        serde_json::from_slice(&text).map_err(|error| Error(format!("{FILE}: {error}")))
    }

    /// The price of so many requests that each use this.
    #[must_use]
    pub fn cost(&self, resources: &Resources, requests: f64) -> Cost {
        let prices = &self.prices;
        Cost {
            writes: prices.write_units.of(resources.write_units * requests),
            reads: prices.read_units.of(resources.read_units * requests),
            gateway: prices.http_requests.of(resources.http_requests * requests)
                + prices.socket_messages.of(resources.socket_messages * requests),
            lambda: prices.invocations.of(resources.invocations * requests)
                + prices.gigabyte_seconds.of(resources.gigabyte_seconds * requests),
            logs: prices.log_bytes.of(resources.log_bytes * requests),
            traces: prices.traces.of(resources.traces * requests),
        }
    }

    /// The billed GB-seconds of an invocation that took `wall` on a whole core, `cpu` of it computing, if the function
    /// has `memory` MB: computing takes longer on a share of a core, waiting does not. Rounded up to a millisecond.
    #[must_use]
    pub fn gigabyte_seconds(&self, wall: Duration, cpu: Duration, memory: u64) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "some thousand MB")]
        let memory = memory as f64;
        let share = (memory / self.assumptions.vcpu_megabytes.value).min(1.0);
        let billed_ms = (millis(wall.saturating_sub(cpu)) + millis(cpu) / share).ceil();
        memory / MEGABYTES_PER_GIGABYTE * billed_ms / 1000.0
    }
}

impl Cost {
    /// The sum.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.writes + self.reads + self.gateway + self.lambda + self.logs + self.traces
    }
}

impl std::ops::Add for Resources {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            write_units: self.write_units + other.write_units,
            read_units: self.read_units + other.read_units,
            http_requests: self.http_requests + other.http_requests,
            socket_messages: self.socket_messages + other.socket_messages,
            invocations: self.invocations + other.invocations,
            gigabyte_seconds: self.gigabyte_seconds + other.gigabyte_seconds,
            log_bytes: self.log_bytes + other.log_bytes,
            traces: self.traces + other.traces,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> PriceList {
        PriceList::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))).unwrap()
    }

    #[test]
    fn every_price_names_its_pages() {
        let Prices {
            write_units,
            read_units,
            http_requests,
            socket_messages,
            connection_minutes,
            invocations,
            gigabyte_seconds,
            log_bytes,
            traces,
        } = list().prices;
        let prices = [
            write_units,
            read_units,
            http_requests,
            socket_messages,
            connection_minutes,
            invocations,
            gigabyte_seconds,
            log_bytes,
            traces,
        ];
        for price in prices {
            assert!(price.page.starts_with("https://aws.amazon.com/"), "{price:?}");
            assert!(price.read_at.starts_with("https://"), "{price:?}");
            assert!(price.dollars > 0.0 && price.per >= 1.0, "{price:?}");
        }
    }

    #[test]
    fn cost_has_a_part_for_each_service() {
        let mut list = list();
        for (price, dollars) in [
            (&mut list.prices.write_units, 1.0),
            (&mut list.prices.read_units, 2.0),
            (&mut list.prices.http_requests, 3.0),
            (&mut list.prices.socket_messages, 4.0),
            (&mut list.prices.invocations, 5.0),
            (&mut list.prices.gigabyte_seconds, 6.0),
            (&mut list.prices.log_bytes, 7.0),
            (&mut list.prices.traces, 8.0),
        ] {
            (price.dollars, price.per) = (dollars, 10.0);
        }
        let resources = Resources {
            write_units: 1.0,
            read_units: 1.0,
            http_requests: 1.0,
            socket_messages: 2.0,
            invocations: 1.0,
            gigabyte_seconds: 1.0,
            log_bytes: 1.0,
            traces: 1.0,
        };
        let cost = list.cost(&resources, 100.0);
        assert_eq!(cost, Cost { writes: 10.0, reads: 20.0, gateway: 110.0, lambda: 110.0, logs: 70.0, traces: 80.0 });
        assert!((cost.total() - 400.0).abs() < 1e-9);
        assert_eq!(list.cost(&(resources + resources), 50.0), cost);
    }

    #[test]
    fn computing_is_stretched_to_the_share_of_a_core_and_waiting_is_not() {
        let list = list();
        let ms = Duration::from_millis;
        let billed = |wall, cpu, memory: u32| {
            list.gigabyte_seconds(wall, cpu, memory.into()) / (f64::from(memory) / 1024.0) * 1000.0
        };
        assert!((billed(ms(20), ms(0), 256) - 20.0).abs() < 1e-9);
        // 2 ms at 512 / 1769 of a core are 6.9 ms. Rounded up: 18 + 7.
        assert!((billed(ms(20), ms(2), 512) - 25.0).abs() < 1e-9);
        assert!((billed(ms(20), ms(2), 3538) - 20.0).abs() < 1e-9);
    }
}
