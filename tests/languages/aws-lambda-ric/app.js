exports.handler = async (event) => {
  console.log('two\nlines');
  if (event.fail) throw new TypeError('no');
  return { answer: 'ü'.repeat(event.size ?? 1) };
};
