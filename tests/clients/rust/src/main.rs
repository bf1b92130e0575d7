//! One client of a stream, as tests/clients/README.md has it.
use std::collections::HashSet;
use std::fmt::Display;
use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_cloudwatch::types::MetricDatum;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{
    ConsumerStatus, PutRecordsRequestEntry, Record, ScalingType, Shard, ShardIteratorType,
    StartingPosition, SubscribeToShardEventStream,
};
use aws_sdk_kinesis::{error::DisplayErrorContext, Client};
use aws_smithy_http_client::Builder;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_millis(100); // before what failed is tried again

type Anyhow<T> = Result<T, Box<dyn std::error::Error>>;
type Reading = Pin<Box<dyn Future<Output = ()>>>;

struct Stream {
    client: Client,
    metrics: aws_sdk_cloudwatch::Client,
    name: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Anyhow<()> {
    let mut words = std::env::args().skip(1);
    let (role, name) = (words.next().unwrap(), words.next().unwrap());
    let settings = aws_config::defaults(BehaviorVersion::latest())
        .http_client(Builder::new().build_http())
        .load()
        .await;
    let stream = Rc::new(Stream {
        client: Client::new(&settings),
        metrics: aws_sdk_cloudwatch::Client::new(&settings),
        name,
    });
    say(&format!("version {}", aws_sdk_kinesis::meta::PKG_VERSION));
    if role == "put" {
        return produce(&stream).await;
    }
    tokio::task::LocalSet::new()
        .run_until(async move {
            let consumer = match role.as_str() {
                "fan-out" => Some(insist(|| registered(&stream)).await),
                _ => None,
            };
            say("ready");
            tokio::task::spawn_local(consume(stream, consumer));
            let mut rest = Vec::new();
            tokio::io::stdin().read_to_end(&mut rest).await?;
            std::process::exit(0)
        })
        .await
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}

async fn failed(problem: impl Display) {
    eprintln!("{problem}");
    sleep(PATIENCE).await;
}

/// Until it succeeds: the server is killed and started again.
async fn insist<T, F: Future<Output = Anyhow<T>>>(attempt: impl Fn() -> F) -> T {
    loop {
        match attempt().await {
            Ok(result) => return result,
            Err(error) => failed(DisplayErrorContext(&*error)).await,
        }
    }
}

async fn shards(stream: &Stream) -> Anyhow<Vec<Shard>> {
    let mut pages = stream
        .client
        .list_shards()
        .stream_name(&stream.name)
        .send()
        .await?;
    let mut found = pages.shards.take().unwrap_or_default();
    while let Some(token) = pages.next_token.take() {
        pages = stream.client.list_shards().next_token(token).send().await?;
        found.extend(pages.shards.take().unwrap_or_default());
    }
    Ok(found)
}

async fn open_shards(stream: &Stream) -> Anyhow<Vec<Shard>> {
    let mut open = shards(stream).await?;
    open.retain(|shard| {
        let numbers = shard.sequence_number_range.as_ref();
        numbers.is_some_and(|numbers| numbers.ending_sequence_number.is_none())
    });
    open.sort_by_key(|shard| hash_keys(shard).0);
    Ok(open)
}

fn hash_keys(shard: &Shard) -> (u128, u128) {
    let keys = shard.hash_key_range.as_ref().unwrap();
    (
        keys.starting_hash_key.parse().unwrap(),
        keys.ending_hash_key.parse().unwrap(),
    )
}

// --- putting

async fn produce(stream: &Stream) -> Anyhow<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let mut words = line.split(' ');
        let command = words.next().unwrap();
        let numbers = words.map(str::parse).collect::<Result<Vec<i32>, _>>()?;
        let client = &stream.client;
        match command {
            "create" => {
                let call = client.create_stream().stream_name(&stream.name);
                call.shard_count(numbers[0]).send().await?;
            }
            "put" => put(stream, numbers[0], numbers[1]).await,
            "split" => {
                let shard = open_shards(stream).await?.remove(0);
                let (first, last) = hash_keys(&shard);
                let middle = first + (last - first) / 2 + 1;
                let call = client.split_shard().stream_name(&stream.name);
                let call = call.new_starting_hash_key(middle.to_string());
                call.shard_to_split(shard.shard_id).send().await?;
            }
            "merge" => {
                let open = open_shards(stream).await?;
                let call = client.merge_shards().stream_name(&stream.name);
                let call = call.adjacent_shard_to_merge(&open[1].shard_id);
                call.shard_to_merge(&open[0].shard_id).send().await?;
            }
            "resize" => {
                let call = client.update_shard_count().stream_name(&stream.name);
                let call = call.scaling_type(ScalingType::UniformScaling);
                call.target_shard_count(numbers[0]).send().await?;
            }
            "measure" => {
                let measure = MetricDatum::builder()
                    .metric_name("Records")
                    .value(numbers[0].into());
                let call = stream.metrics.put_metric_data().namespace("client");
                call.metric_data(measure.build()).send().await?;
            }
            other => panic!("{other}"),
        }
        say("done");
    }
    Ok(())
}

/// The first alone, the others up to 100 at once.
async fn put(stream: &Stream, first: i32, end: i32) {
    insist(|| async {
        let call = stream.client.put_record().stream_name(&stream.name);
        let (key, data) = record(first);
        call.partition_key(key).data(data).send().await?;
        Ok(())
    })
    .await;
    say(&format!("acknowledged {first} {}", first + 1));
    let mut from = first + 1;
    while from < end {
        let to = end.min(from + 100);
        insist(|| put_at_once(stream, from, to)).await;
        say(&format!("acknowledged {from} {to}"));
        from = to;
    }
}

async fn put_at_once(stream: &Stream, from: i32, to: i32) -> Anyhow<()> {
    let mut call = stream.client.put_records().stream_name(&stream.name);
    for number in from..to {
        let (key, data) = record(number);
        call = call.records(
            PutRecordsRequestEntry::builder()
                .partition_key(key)
                .data(data)
                .build()?,
        );
    }
    match call.send().await?.failed_record_count {
        None | Some(0) => Ok(()),
        Some(count) => Err(format!("{count} records failed").into()),
    }
}

fn record(number: i32) -> (String, Blob) {
    let key = format!("key-{}", number % 100);
    let data = Blob::new(format!("{key} {number}"));
    (key, data)
}

// --- reading: a shard begins when its parents have ended

async fn consume(stream: Rc<Stream>, consumer: Option<String>) {
    let (ends, mut ended_now) = tokio::sync::mpsc::unbounded_channel();
    let (mut begun, mut ended) = (HashSet::new(), HashSet::new());
    loop {
        let all = insist(|| shards(&stream)).await;
        while let Ok(shard) = ended_now.try_recv() {
            ended.insert(shard);
        }
        let known: HashSet<String> = all.iter().map(|shard| shard.shard_id.clone()).collect();
        for shard in all {
            let parents = [&shard.parent_shard_id, &shard.adjacent_parent_shard_id];
            let waits = |parent: &String| known.contains(parent) && !ended.contains(parent);
            if parents.into_iter().flatten().any(waits) || !begun.insert(shard.shard_id.clone()) {
                continue;
            }
            let (ends, id) = (ends.clone(), shard.shard_id);
            let reading: Reading = match &consumer {
                Some(consumer) => Box::pin(subscribe(stream.clone(), consumer.clone(), id.clone())),
                None => Box::pin(poll(stream.clone(), id.clone())),
            };
            tokio::task::spawn_local(async move {
                reading.await;
                ends.send(id)
            });
        }
        sleep(PATIENCE).await;
    }
}

fn tell(records: &[Record]) {
    for record in records {
        say(&format!(
            "read {}",
            String::from_utf8_lossy(record.data.as_ref())
        ));
    }
}

async fn poll(stream: Rc<Stream>, shard: String) {
    let mut after: Option<String> = None;
    let mut iterator = insist(|| iterate(&stream, &shard, &after)).await;
    while let Some(position) = iterator {
        let call = stream
            .client
            .get_records()
            .shard_iterator(position)
            .limit(200);
        match call.send().await {
            Err(error) => {
                failed(DisplayErrorContext(error)).await;
                iterator = insist(|| iterate(&stream, &shard, &after)).await;
            }
            Ok(answer) => {
                tell(&answer.records);
                iterator = answer.next_shard_iterator;
                match answer.records.last() {
                    Some(last) => after = Some(last.sequence_number.clone()),
                    None => sleep(PATIENCE).await,
                }
            }
        }
    }
}

async fn iterate(stream: &Stream, shard: &str, after: &Option<String>) -> Anyhow<Option<String>> {
    let call = stream
        .client
        .get_shard_iterator()
        .stream_name(&stream.name)
        .shard_id(shard);
    let kind = match after {
        Some(_) => ShardIteratorType::AfterSequenceNumber,
        None => ShardIteratorType::TrimHorizon,
    };
    let call = call
        .shard_iterator_type(kind)
        .set_starting_sequence_number(after.clone());
    Ok(call.send().await?.shard_iterator)
}

async fn registered(stream: &Stream) -> Anyhow<String> {
    let client = &stream.client;
    let described = client
        .describe_stream_summary()
        .stream_name(&stream.name)
        .send()
        .await?;
    let arn = described
        .stream_description_summary
        .ok_or("no summary")?
        .stream_arn;
    client
        .register_stream_consumer()
        .stream_arn(&arn)
        .consumer_name("client")
        .send()
        .await?;
    loop {
        let call = client
            .describe_stream_consumer()
            .stream_arn(&arn)
            .consumer_name("client");
        let consumer = call
            .send()
            .await?
            .consumer_description
            .ok_or("no description")?;
        if consumer.consumer_status == ConsumerStatus::Active {
            return Ok(consumer.consumer_arn);
        }
        sleep(PATIENCE).await;
    }
}

async fn subscribe(stream: Rc<Stream>, consumer: String, shard: String) {
    let mut after: Option<String> = None;
    loop {
        match subscription(&stream, &consumer, &shard, &mut after).await {
            Ok(true) => return,
            Ok(false) => failed("the subscription ended").await,
            Err(error) => failed(DisplayErrorContext(&*error)).await,
        }
    }
}

/// One subscription; whether the shard has ended.
async fn subscription(
    stream: &Stream,
    consumer: &str,
    shard: &str,
    after: &mut Option<String>,
) -> Anyhow<bool> {
    let kind = match after {
        Some(_) => ShardIteratorType::AfterSequenceNumber,
        None => ShardIteratorType::TrimHorizon,
    };
    let start = StartingPosition::builder()
        .r#type(kind)
        .set_sequence_number(after.clone());
    let call = stream
        .client
        .subscribe_to_shard()
        .consumer_arn(consumer)
        .shard_id(shard);
    let mut events = call
        .starting_position(start.build()?)
        .send()
        .await?
        .event_stream;
    while let Some(event) = events.recv().await? {
        if let SubscribeToShardEventStream::SubscribeToShardEvent(event) = event {
            tell(&event.records);
            if event.continuation_sequence_number.is_empty() {
                return Ok(true);
            }
            *after = Some(event.continuation_sequence_number);
        }
    }
    Ok(false)
}
