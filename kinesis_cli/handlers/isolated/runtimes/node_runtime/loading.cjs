'use strict';

// From a handler's name, "folder/module.export", to the function: CommonJS and ES modules.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { RuntimeError } = require('./errors.cjs');

const STREAMING = Symbol('the handler streams its response');

async function loadHandler(root, name) {
  globalThis.awslambda = {
    streamifyResponse: (handler) => Object.assign(handler, { [STREAMING]: true }),
    HttpResponseStream: { from: (stream) => stream },
  };
  const [folder, base] = [path.dirname(name), path.basename(name)];
  const dot = base.indexOf('.');
  if (dot < 0 || name.includes('..')) {
    throw new RuntimeError('MalformedHandlerName', dot < 0 ? 'Bad handler' : notAName(name));
  }
  const module = await load(path.resolve(root, folder), base.slice(0, dot));
  const members = base.slice(dot + 1).split('.');
  const handler = members.reduce((value, member) => value?.[member], module);
  if (!handler) throw new RuntimeError('HandlerNotFound', `${name} is undefined or not exported`);
  if (typeof handler !== 'function') {
    throw new RuntimeError('HandlerNotFound', `${name} is not a function`);
  }
  if (handler[STREAMING]) {
    throw new RuntimeError(
      'StreamingNotSupported',
      `${name} streams its response (awslambda.streamifyResponse). Records are delivered to ` +
        'functions that return their answer: export one that does.',
    );
  }
  return handler;
}

const notAName = (name) =>
  `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in ` +
  'handler names.';

async function load(folder, name) {
  try {
    return await imported(folder, name);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeError('UserCodeSyntaxError', String(error));
    if (error?.code === 'MODULE_NOT_FOUND') {
      throw new RuntimeError('ImportModuleError', String(error));
    }
    throw error;
  }
}

function imported(folder, name) {
  const file = path.join(folder, name);
  const isThere = (extension) => fs.existsSync(file + extension);
  if (fs.existsSync(file) && fs.statSync(file).isFile()) return require(file);
  if (isThere('.js')) {
    const isModule = isModuleFolder(folder);
    return isModule ? import(pathToFileURL(`${file}.js`)) : require(`${file}.js`);
  }
  if (isThere('.mjs')) return import(pathToFileURL(`${file}.mjs`));
  if (isThere('.cjs')) return require(`${file}.cjs`);
  return require(require.resolve(name, { paths: [folder, process.cwd()] }));
}

// Whether the nearest package.json says `"type": "module"`.
function isModuleFolder(folder) {
  const file = path.join(folder, 'package.json');
  if (fs.existsSync(file)) {
    try {
      return JSON.parse(fs.readFileSync(file, 'utf8'))?.type === 'module';
    } catch (error) {
      console.warn(`${file} cannot be read, so ${folder} is taken for CommonJS`, error);
      return false;
    }
  }
  const above = path.dirname(folder);
  return above !== folder && path.basename(folder) !== 'node_modules' && isModuleFolder(above);
}

module.exports = { loadHandler };
