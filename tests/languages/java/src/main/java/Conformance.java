import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** See ../../../../README.md. */
public class Conformance implements RequestHandler<Map<String, Object>, Object> {
  static {
    if (System.getenv("INIT_ERROR") != null) {
      throw new IllegalStateException(System.getenv("INIT_ERROR"));
    }
  }

  @Override
  @SuppressWarnings("unchecked")
  public Object handleRequest(Map<String, Object> event, Context context) {
    var told = (Map<String, Object>) event.getOrDefault("do", Map.of());
    if (told.containsKey("return")) {
      return told.get("return");
    }
    if (told.containsKey("raise")) {
      throw new IllegalStateException((String) told.get("raise"));
    }
    if (told.containsKey("large")) {
      return "x".repeat(((Number) told.get("large")).intValue());
    }
    if (told.containsKey("nothing")) {
      return null;
    }
    if (told.containsKey("exit")) {
      System.exit(((Number) told.get("exit")).intValue());
    }
    if (told.containsKey("sleep")) {
      sleep();
    }
    for (var line : (List<String>) told.getOrDefault("log", List.of())) {
      System.out.println(line);
    }
    var failures = new ArrayList<Map<String, String>>();
    var records = (List<Map<String, Map<String, String>>>) event.get("Records");
    for (var number : (List<String>) told.getOrDefault("fail", List.of())) {
      if (records.stream().anyMatch(r -> r.get("kinesis").get("sequenceNumber").equals(number))) {
        failures.add(Map.of("itemIdentifier", number));
      }
    }
    return Map.of("batchItemFailures", failures);
  }

  private static void sleep() {
    try {
      Thread.sleep(1_000_000);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
