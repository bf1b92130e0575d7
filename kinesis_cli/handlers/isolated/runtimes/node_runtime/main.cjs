'use strict';

// kcli's own runtime for Node.js functions, for projects that have not AWS's `aws-lambda-ric`.
// It loads the handler, then takes one event after the other from the Runtime API.

const api = require('./api.cjs');
const { RuntimeError, reported } = require('./errors.cjs');
const { loadHandler } = require('./loading.cjs');
const { patchConsole } = require('./logging.cjs');

const log = patchConsole(process.env);
// From Node.js 24 on Lambda has no callbacks: what the handler returns is its answer.
const version = Number(/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV)?.[1] ?? 0);
const HAS_CALLBACKS = version < 24;
const NO_CALLBACKS =
  'ERROR: AWS Lambda has removed support for callback-based function handlers starting with ' +
  'Node.js 24. You need to modify this function to use a supported handler signature to use ' +
  'Node.js 24 or later.';
const NEVER_SETTLED =
  'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly ' +
  'caused by a Promise that was never settled.';

let running; // the request id of the call that is running; undefined: the module is being loaded
let isEnding = false;
let whenIdle = () => {}; // what to do when the function has nothing left to do

process.on('beforeExit', () => whenIdle());
process.on('uncaughtException', (error) => end('Uncaught Exception', error, 129));
process.on('unhandledRejection', (reason) => {
  const error = new RuntimeError('UnhandledPromiseRejection', String(reason));
  end('Unhandled Promise Rejection', Object.assign(error, { reason }), 128);
});

// The process cannot go on: say why, then leave.
function end(what, error, code) {
  log.logError(what, error);
  if (isEnding) return;
  isEnding = true;
  const leave = () => process.exit(code);
  api.fail(running, reported(error)).then(leave, leave);
}

async function serve() {
  const handler = await loadHandler(process.cwd(), process.env._HANDLER);
  if (!HAS_CALLBACKS && handler.length >= 3) {
    throw new RuntimeError('CallbackHandlerDeprecated', NO_CALLBACKS);
  }
  for (;;) {
    whenIdle = () => {};
    const { headers, text } = await api.next();
    running = headers['lambda-runtime-aws-request-id'];
    log.begin(running);
    await answer(handler, headers, text);
  }
}

// Call the handler once and send what came of it.
async function answer(handler, headers, text) {
  try {
    const result = await called(handler, headers, JSON.parse(text));
    await api.respond(running, asJson(result));
  } catch (error) {
    log.logError('Invoke Error', error);
    await api.fail(running, reported(error));
  }
}

function called(handler, headers, event) {
  forwardTrace(headers['lambda-runtime-trace-id']);
  return new Promise((resolve, reject) => {
    whenIdle = () => {
      if (HAS_CALLBACKS && handler.constructor.name !== 'AsyncFunction') resolve(null);
      else reject(new RuntimeError('NodeJsExit', NEVER_SETTLED));
    };
    const context = contextOf(headers);
    if (!HAS_CALLBACKS) {
      Promise.resolve(handler(event, context)).then(resolve, reject);
      return;
    }
    const done = (error, result) => (isNone(error) ? resolve(result) : reject(error));
    const callback = (error, result) => {
      if (!isNone(error)) reject(error);
      else if (!context.callbackWaitsForEmptyEventLoop) resolve(result);
      else whenIdle = () => resolve(result);
    };
    Object.assign(context, {
      callbackWaitsForEmptyEventLoop: true,
      done: onlyOnce(done),
      succeed: onlyOnce(resolve),
      fail: onlyOnce((error) => reject(isNone(error) ? 'handled' : error)),
    });
    const returned = handler(event, context, onlyOnce(callback));
    if (typeof returned?.then === 'function') returned.then(resolve, reject);
  });
}

const isNone = (value) => value === undefined || value === null;

function onlyOnce(action) {
  let isDone = false;
  return (...values) => {
    if (!isDone) action(...values);
    isDone = true;
  };
}

function asJson(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch {
    throw new Error('Unable to stringify response body');
  }
}

function forwardTrace(trace) {
  if (trace === undefined) delete process.env._X_AMZN_TRACE_ID;
  else process.env._X_AMZN_TRACE_ID = trace;
}

// Source: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html
function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    clientContext: parsed(headers['lambda-runtime-client-context'], 'ClientContext'),
    identity: parsed(headers['lambda-runtime-cognito-identity'], 'CognitoIdentity'),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

function parsed(text, name) {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error}`);
  }
}

serve().catch((error) => end('Uncaught Exception', error, 129));
