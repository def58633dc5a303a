//! Counts the capacity that calls consume. Every call asks DynamoDB to return it. A refused call does not return it.

use aws_sdk_dynamodb::config::interceptors::FinalizerInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::types::ConsumedCapacity;
use domain::meter;

/// An interceptor that reads the output of every call.
#[derive(Debug)]
pub(crate) struct Meter;

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Ok(output)) = context.output_or_error() else { return Ok(()) };
        let sum = |all: &[ConsumedCapacity]| all.iter().map(|capacity| units(Some(capacity))).sum::<f64>();
        if let Some(output) = output.downcast_ref::<BatchGetItemOutput>() {
            meter::add_capacity(sum(output.consumed_capacity()), 0.0);
        } else if let Some(output) = output.downcast_ref::<GetItemOutput>() {
            meter::add_capacity(units(output.consumed_capacity()), 0.0);
        } else if let Some(output) = output.downcast_ref::<QueryOutput>() {
            meter::add_capacity(units(output.consumed_capacity()), 0.0);
        } else if let Some(output) = output.downcast_ref::<UpdateItemOutput>() {
            meter::add_capacity(0.0, units(output.consumed_capacity()));
        } else if let Some(output) = output.downcast_ref::<PutItemOutput>() {
            meter::add_capacity(0.0, units(output.consumed_capacity()));
        } else if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
            meter::add_capacity(0.0, sum(output.consumed_capacity()));
        }
        Ok(())
    }
}

fn units(capacity: Option<&ConsumedCapacity>) -> f64 {
    capacity.and_then(ConsumedCapacity::capacity_units).unwrap_or_default()
}
