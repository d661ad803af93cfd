console.log('gen', process.version)
