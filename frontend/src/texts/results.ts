/** What is said around the results of evaluate. */

export const texts = {
  reading: 'Reading the result…',
  notRead: (why: string) => `The result could not be read. ${why}`,
  outputs: 'Outputs',
  noOutputs: 'The code returned no outputs.',
  output: (name: string) => `Output ${name}`,
  values: 'Values',
  countedValues: (count: number, types: string) => `${count} values, ${types}`,
  value: (number: number, type: string) => `Value ${number}: ${type}`,
  noValue: 'No value.',
  emptyTensor: (type: string) => `An empty tensor, ${type}.`,
  cutText: 'Cut. The file holds all of it.',

  shownAs: 'Shown as',
  asJson: 'JSON',
  asText: 'Text',
  showAll: (count: number) => `Show all ${count.toLocaleString('en-US')} characters`,
  showLess: 'Show less',
  more: (count: number) => `${count} more`,

  image: {
    notDrawn: 'This browser cannot draw it. The file below holds it.',
    frame: (name: string) => `${name}, scrolls when it is larger than its frame`,
    smaller: 'Smaller',
    larger: 'Larger',
    fit: 'Fit',
  },

  bytes: {
    reading: 'Reading its first bytes…',
    notRead: (why: string) => `Its bytes could not be read. ${why}`,
    none: 'It has no bytes.',
    first: (name: string) => `First bytes of ${name}`,
    more: 'Show more bytes',
  },

  tensor: {
    looks: { table: 'table', heatMap: 'heat map', curve: 'curve' },
    dimension: (dimension: number) => `Dimension ${dimension}`,
    indexIn: (dimension: number) => `Index in dimension ${dimension}`,
    indexAsNumber: (dimension: number) => `Index in dimension ${dimension}, as a number`,
    ofLength: (length: number) => `of ${length}`,
    allDigits: 'All digits',
    rows: 'Rows',
    columns: 'Columns',
    curveAxis: 'index',
    firstAreHere: (count: number) => `The first ${count.toLocaleString('en-US')} elements are here.`,
    readingRest: 'Reading the rest…',
    restNotRead: (why: string) => `The rest of it could not be read. ${why}`,
    readAll: (size: string) => `Read all (${size})`,
    inFile: 'The file below holds all of it.',
  },

  heatMap: {
    title: (tensor: string) => `${tensor}, as colours; arrow keys read its values`,
    notRead: 'not read',
    goToLowest: (value: number) => `The lowest, ${value}: go there`,
    goToHighest: (value: number) => `The highest, ${value}: go there`,
    places: (lowest: string, highest: string) => `lowest at ${lowest}, highest at ${highest}`,
    nothingFinite: 'It holds no number that is finite.',
    thinned: 'Not every row and column is drawn, as there are more than points; the values told are of all.',
  },
};
