'use strict';

// `console` as on Lambda: each call is one event of the log, with time, request and level.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html

const fs = require('node:fs');
const util = require('node:util');
const { logged } = require('./errors.cjs');

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const FRAME = { text: 0xa55a0003, json: 0xa55a0002 };

let requestId; // of the call that is running

// A message as a frame, so that one of several lines stays one event: its mark, its length, the
// time in microseconds, the text.
function frame(mark, descriptor) {
  return (text) => {
    const message = Buffer.from(`${text}\n`);
    const head = Buffer.alloc(16);
    head.writeUInt32BE(mark, 0);
    head.writeUInt32BE(message.length, 4);
    head.writeBigInt64BE(BigInt(Date.now()) * 1000n, 8);
    writeAll(descriptor, Buffer.concat([head, message]));
  };
}

function writeAll(descriptor, bytes) {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += fs.writeSync(descriptor, bytes, written);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      // The pipe is full until kcli has read it.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function asText(level, values) {
  return `${new Date().toISOString()}\t${requestId}\t${level}\t${util.format(...values)}`;
}

function asJson(level, values) {
  const line = { timestamp: new Date().toISOString(), level, requestId };
  const error = values.find((value) => value instanceof Error);
  if (values.length === 1) {
    try {
      return JSON.stringify({ ...line, message: values[0] }, withErrors);
    } catch {
      return JSON.stringify({ ...line, message: util.format(values[0]) });
    }
  }
  const members = error === undefined ? {} : withErrors('', error);
  return JSON.stringify({ ...line, message: util.format(...values), ...members });
}

function withErrors(_name, value) {
  if (!(value instanceof Error)) return value;
  return {
    errorType: value.constructor?.name ?? 'UnknownError',
    errorMessage: value.message,
    stackTrace: String(value.stack).split('\n'),
    ...value,
  };
}

// Let `console` write as Lambda's does.
function patchConsole(environment) {
  const isJson = environment.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON';
  const least = LEVELS.indexOf(environment.AWS_LAMBDA_LOG_LEVEL?.toUpperCase());
  const descriptor = environment._LAMBDA_TELEMETRY_LOG_FD;
  delete environment._LAMBDA_TELEMETRY_LOG_FD;
  const write =
    descriptor === undefined
      ? (text) => process.stdout.write(`${text.replaceAll('\n', '\r')}\n`)
      : frame(isJson ? FRAME.json : FRAME.text, Number(descriptor));
  const format = isJson ? asJson : asText;
  for (const level of LEVELS) {
    const isShown = level === 'FATAL' || LEVELS.indexOf(level) >= least;
    console[level.toLowerCase()] = isShown
      ? (...values) => write(format(level, values))
      : () => {};
  }
  console.log = console.info;
  return {
    begin: (id) => {
      requestId = id;
    },
    // An error that ended a call or the process.
    logError: (what, thrown) => {
      const error = thrown instanceof Error ? thrown : new Error(thrown);
      if (isJson) console.error(error);
      else console.error(what, `\t${logged(error)}`);
    },
  };
}

module.exports = { patchConsole };
