//! kcli's sample function in Rust: it handles the readings of sensors, and reports those that fail.

use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use lambda_runtime::{run, service_fn, Error, LambdaEvent};
use serde::Deserialize;

const MAX_TEMPERATURE: f64 = 100.0; // degrees Celsius; the limit itself is still good

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewSensorReading {
    temperature: f64,       // degrees Celsius
    reading_timestamp: i64, // epoch milliseconds
}

fn handle_reading(data: &[u8]) -> Result<(), Error> {
    let reading: NewSensorReading = serde_json::from_slice(data)?;
    println!(
        "New message is for temperature {} at time {}",
        reading.temperature, reading.reading_timestamp
    );
    if reading.temperature > MAX_TEMPERATURE {
        return Err(format!("the temperature is above {MAX_TEMPERATURE:.2}").into());
    }
    Ok(())
}

async fn handle(event: LambdaEvent<KinesisEvent>) -> Result<KinesisEventResponse, Error> {
    let mut response = KinesisEventResponse::default();
    for record in event.payload.records {
        let number = record.kinesis.sequence_number;
        if let Err(error) = handle_reading(&record.kinesis.data) {
            println!("Record {number} failed: {error}");
            response.add_failure(number);
        }
    }
    Ok(response)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handle)).await
}
