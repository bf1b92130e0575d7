import java.nio.charset.StandardCharsets;
import java.util.UUID;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.MetricsLevel;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.RetrievalConfig;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/** Reads a stream with the KCL: leases in DynamoDB, metrics in CloudWatch. */
class KclReader {
    private final Client client;

    KclReader(Client client) {
        this.client = client;
    }

    static String version() {
        return RetrievalConfig.KINESIS_CLIENT_LIB_USER_AGENT_VERSION;
    }

    void start() {
        Client.say("version " + version());
        String application = client.stream + "-" + client.role;
        KinesisAsyncClient kinesis = KinesisClientUtil.createKinesisAsyncClient(KinesisAsyncClient.builder());
        ConfigsBuilder builder = new ConfigsBuilder(
                new SingleStreamTracker(client.stream, InitialPositionInStreamExtended
                        .newInitialPosition(InitialPositionInStream.TRIM_HORIZON)),
                application, kinesis, DynamoDbAsyncClient.create(), CloudWatchAsyncClient.create(),
                UUID.randomUUID().toString(), () -> new Processor(client));
        RetrievalConfig retrieval = builder.retrievalConfig().retrievalSpecificConfig(
                client.role.equals("poll")
                        ? new PollingConfig(client.stream, kinesis).idleTimeBetweenReadsInMillis(200)
                        : new FanOutConfig(kinesis).streamName(client.stream).applicationName(application));
        Scheduler scheduler = new Scheduler(
                builder.checkpointConfig(),
                builder.coordinatorConfig()
                        .parentShardPollIntervalMillis(Client.PATIENCE)
                        .shardConsumerDispatchPollIntervalMillis(Client.PATIENCE),
                builder.leaseManagementConfig().failoverTimeMillis(2000).shardSyncIntervalMillis(1000),
                builder.lifecycleConfig().taskBackoffTimeMillis(Client.PATIENCE),
                builder.metricsConfig().metricsLevel(MetricsLevel.DETAILED).metricsBufferTimeMillis(1000),
                builder.processorConfig(),
                retrieval);
        Thread thread = new Thread(scheduler);
        thread.setDaemon(true);
        thread.start();
    }

    /** Says the records of a batch once its checkpoint holds: who has lost the lease says nothing. */
    private record Processor(Client client) implements ShardRecordProcessor {
        @Override
        public void initialize(InitializationInput input) {
            Client.say("ready"); // it has a lease
        }

        @Override
        public void processRecords(ProcessRecordsInput input) {
            if (checkpoint(input.checkpointer())) {
                for (KinesisClientRecord record : input.records()) {
                    Client.say("read " + StandardCharsets.UTF_8.decode(record.data().duplicate()));
                }
            }
        }

        @Override
        public void shardEnded(ShardEndedInput input) {
            checkpoint(input.checkpointer());
        }

        @Override
        public void leaseLost(LeaseLostInput input) {
            System.err.println(client.role + ": lease lost");
        }

        @Override
        public void shutdownRequested(ShutdownRequestedInput input) {
            checkpoint(input.checkpointer());
        }

        private boolean checkpoint(RecordProcessorCheckpointer checkpointer) {
            try {
                return client.insist(() -> {
                    try {
                        checkpointer.checkpoint();
                        return true;
                    } catch (ShutdownException error) {
                        return false;
                    }
                });
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
    }
}
