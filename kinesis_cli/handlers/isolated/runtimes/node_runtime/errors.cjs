'use strict';

// Errors in the form in which Lambda reports and logs them.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html

const util = require('node:util');

// An error that the runtime itself reports: `Runtime.NAME`.
class RuntimeError extends Error {
  constructor(name, message) {
    super(message);
    this.name = `Runtime.${name}`;
    // The stack began with the name of the class.
    this.stack = this.stack.replace(/^[^\n]*?(?=:|\n|$)/, this.name);
  }
}

const looksLikeError = (thrown) =>
  util.types.isNativeError(thrown) ||
  ['name', 'message', 'stack'].every((member) => typeof thrown?.[member] === 'string');

// What Lambda answers for an error, or for anything else that was thrown.
function reported(thrown) {
  try {
    if (looksLikeError(thrown)) {
      return {
        errorType: String(thrown.name),
        errorMessage: String(thrown.message),
        trace: String(thrown.stack).split('\n'),
      };
    }
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  } catch {
    return {
      errorType: 'handled',
      errorMessage: 'the error has a name, a message or a stack that cannot be read',
    };
  }
}

// The same for a line of the log: also with what else the error has.
function logged(thrown) {
  const error = thrown instanceof Error ? thrown : new Error(thrown);
  const members = (_name, value) =>
    value instanceof Error
      ? {
          errorType: value.name,
          errorMessage: value.message,
          code: value.code,
          ...value,
          stack: String(value.stack).split('\n'),
        }
      : value;
  try {
    return JSON.stringify(error, members);
  } catch {
    return JSON.stringify(reported(error));
  }
}

module.exports = { RuntimeError, reported, logged };
