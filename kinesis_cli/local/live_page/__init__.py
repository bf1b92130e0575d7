"""The live page: what happens on this machine's streams, for a browser on this machine.

door      who may see it: links that work once, the cookie behind them, and what a browser must show
page      the addresses, and who answers
files     the files of the page, in `static/`
feed      what is sent to the pages that are open: the newest state, as often as they keep up
state     the parts of that state
records   records, as they are shown
calls     calls of functions, from the history that the mappings keep
invoked   calls that no mapping made
lives     what became of one record
stuck     shards that stand still
failures  what Lambda gave up, and putting it again
"""
