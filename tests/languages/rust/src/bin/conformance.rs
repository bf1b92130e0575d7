//! See ../../../README.md.

use lambda_runtime::{run, service_fn, Error, LambdaEvent};
use serde_json::{json, Value};
use std::{env, process, thread, time::Duration};

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (event, told) = (&event.payload, &event.payload["do"]);
    if let Some(value) = told.get("return") {
        return Ok(value.clone());
    }
    if let Some(text) = told["raise"].as_str() {
        return Err(text.into());
    }
    if let Some(size) = told["large"].as_u64() {
        return Ok(Value::String("x".repeat(size as usize)));
    }
    if told["nothing"] == true {
        return Ok(Value::Null);
    }
    if let Some(status) = told["exit"].as_i64() {
        process::exit(status as i32);
    }
    if told["sleep"] == true {
        thread::sleep(Duration::from_secs(1000));
    }
    for line in told["log"].as_array().into_iter().flatten() {
        println!("{}", line.as_str().unwrap_or_default());
    }
    let numbers: Vec<&Value> = event["Records"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|record| &record["kinesis"]["sequenceNumber"])
        .collect();
    let failures: Vec<Value> = told["fail"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|number| numbers.contains(number))
        .map(|number| json!({ "itemIdentifier": number }))
        .collect();
    Ok(json!({ "batchItemFailures": failures }))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if let Ok(text) = env::var("INIT_ERROR") {
        panic!("{text}");
    }
    run(service_fn(handle)).await
}
