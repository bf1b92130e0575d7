import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import software.amazon.event.ruler.Machine;
import software.amazon.event.ruler.MachineComplexityEvaluator;

/**
 * Asks AWS's matcher. Reads cases from standard input, one a line: {"pattern": text, "events": [text]}. Writes each
 * with the matcher's answers: {"matches": ["1", "0", ...], "complexity": n} or {"refused": reason}.
 */
public class Answers {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int MAX_COMPLEXITY = 1000;
    private static final int MACHINES = 8;

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.println(MAPPER.writeValueAsString(answered(MAPPER.readTree(line))));
            }
        }
        out.flush();
    }

    private static ObjectNode answered(JsonNode question) {
        ObjectNode answer = MAPPER.createObjectNode();
        List<Machine> machines = new ArrayList<>();
        try {
            for (int i = 0; i < MACHINES; i++) {
                Machine machine = new Machine();
                machine.addRule("rule", question.get("pattern").asText());
                machines.add(machine);
            }
        } catch (Exception refused) {
            return answer.put("refused", String.valueOf(refused.getMessage()).split("\n")[0]);
        }
        ArrayNode matches = answer.putArray("matches");
        for (JsonNode event : question.get("events")) {
            matches.add(matches(machines, event.asText()));
        }
        MachineComplexityEvaluator evaluator = new MachineComplexityEvaluator(MAX_COMPLEXITY);
        return answer.put("complexity", machines.get(0).evaluateComplexity(evaluator));
    }

    /** Asks several machines: where fields of $or are named twice, one may answer otherwise than the next. */
    private static String matches(List<Machine> machines, String event) {
        Set<Boolean> answers = new HashSet<>();
        for (Machine machine : machines) {
            try {
                answers.add(!machine.rulesForJSONEvent(event).isEmpty());
            } catch (Exception error) {
                throw new IllegalArgumentException(event, error);
            }
        }
        return answers.size() > 1 ? "?" : answers.contains(true) ? "1" : "0";
    }
}
