package source

import (
	"fmt"
	"slices"
	"strings"
)

// habits are what keys, actions and functions are called elsewhere: in JSON Schema, OpenAPI,
// workflow files and programming languages. Behind the names of this language, the best
// first, stand those that writers bring along, in lower case.
var habits = []struct{ here, elsewhere string }{
	// The keys of files.
	{"arguments", "parameters params args inputs input requestbody"},
	{"actions", "steps run do tasks flow handler action nodes chain script"},
	{"returns", "response responses output outputs result produces"},
	{"auth", "security permissions permission protected secured authorization authenticated login"},
	{"allow", "condition when guard where only_if"},
	{"summary", "title"},
	{"description", "desc title label doc docs comment help summary note"},
	{"rate_limit", "throttle throttling ratelimit limit"},
	{"status", "status_code statuscode code"},
	{"events", "sse stream subscribe topic"},
	{"before", "middleware middlewares pre setup"},
	{"after", "post_process finally teardown"},
	{"on_error", "catch on_failure on_fail onfailure rescue error continue-on-error continue_on_error"},
	// Of an argument.
	{"min", "minimum exclusiveminimum gte ge"},
	{"max", "maximum exclusivemaximum lte le"},
	{"max_length", "length"},
	{"max_size", "size"},
	{"pattern", "regex regexp match matches"},
	{"enum", "values choices options oneof one_of anyof allowed const"},
	{"fields", "properties props attributes schema"},
	{"items", "element elements of"},
	{"content_types", "mime mimes mime_type mime_types accept content_type"},
	{"example", "examples"},
	{"default", "value initial fallback"},
	// Of a job, a rate, a test.
	{"schedule", "cron every interval at trigger on"},
	{"time_zone", "tz zone timezone"},
	{"attempts", "retry retries tries max_attempts"},
	{"limit", "requests max count rate take page_size per_page"},
	{"per", "window period interval duration seconds every"},
	{"by", "key group who group_by per_user"},
	{"origins", "allow_origins allowed_origins origin"},
	{"expect", "assert then response"},
	{"given", "setup before fixtures with"},
	{"name", "test describe title it"},
	{"body", "json text html response content"},
	// Of a step, and of what an action takes.
	{"as", "id save register store output assign_to name"},
	{"if", "when condition only_if"},
	{"retry", "retries tries attempts"},
	{"do", "steps body actions then"},
	{"default", "else otherwise"},
	{"table", "from into"},
	{"values", "set data row fields record"},
	{"sort", "order order_by orderby"},
	{"sql", "query statement text"},
	{"url", "uri href address"},
	{"json", "data payload body"},
	{"data", "payload values context"},
	{"text", "body message content"},
	{"detail", "message reason description error"},
	{"for", "ttl expires duration"},
	{"to", "recipient recipients"},
	// Actions.
	{"sql.select", "sql.query db.query query sql select"},
	{"sql.one", "sql.get sql.row sql.first"},
	{"sql.execute", "sql.run sql.exec sql.insert sql.update sql.delete db.execute exec"},
	{"data.create", "data.insert data.add data.new insert"},
	{"data.list", "data.find data.select data.query data.all data.search"},
	{"data.get", "data.one data.read data.first"},
	{"data.delete", "data.remove"},
	{"data.upsert", "data.save data.merge"},
	{"http", "http.get http.post http.put http.patch http.delete http.request fetch request curl axios"},
	{"mail", "email send_mail mail.send send_email smtp"},
	{"wait", "sleep delay pause"},
	{"fail", "error throw raise abort"},
	{"log", "print echo console.log debug"},
	{"for_each", "loop each for map"},
	{"respond", "response send reply"},
	{"set", "var let assign set_variable variable"},
	{"job", "enqueue queue schedule dispatch jobs.run job.run"},
	{"publish", "emit broadcast event events.publish"},
	{"page", "render html view"},
	{"authenticate", "login"},
	{"user.register", "signup register"},
	{"file.save", "upload"},
	{"file.send", "download"},
	{"call", "trigger workflow"},
	{"if", "else"},
	{"try", "catch"},
	{"hmac.sign", "hmac sign"},
	{"jwt.sign", "jwt jwt.create"},
	{"password.hash", "bcrypt argon2"},
	{"csv.parse", "csv csv.read"},
	{"webhook.send", "webhook"},
	{"transaction", "begin"},
	// Functions.
	{"len", "length size strlen"},
	{"lower", "lowercase tolower tolowercase lcase"},
	{"upper", "uppercase toupper touppercase ucase"},
	{"string", "tostring str"},
	{"int", "parseint toint integer"},
	{"float", "parsefloat tofloat number tonumber"},
	{"now", "currentdate"},
	{"datePart", "extract date_part year quarter month week day weekday dayofweek hour minute"},
	{"dateTrunc", "date_trunc startof today"},
	{"dateAdd", "date_add dateadd adddate addmonths adddays"},
	{"dateFormat", "date_format formatdate format strftime to_char"},
	{"toJSON", "stringify jsonencode json_encode to_json"},
	{"fromJSON", "parsejson json_decode from_json jsondecode"},
	{"mean", "average avg"},
	{"uniq", "unique distinct"},
	{"hasPrefix", "startswith"},
	{"hasSuffix", "endswith"},
}

// Habit is the known name of this language for what is called otherwise elsewhere,
// such as min for minimum, or "".
func Habit(name string, known []string) string {
	name = strings.ToLower(name)
	for _, h := range habits {
		if slices.Contains(known, h.here) && slices.Contains(strings.Fields(h.elsewhere), name) {
			return h.here
		}
	}
	return ""
}

// Meant is the hint that names what a writer most likely meant of the names of this
// language: by a Habit, else the nearest. It is "" where nothing fits.
func Meant(name string, known []string) string {
	if here := Habit(name, known); here != "" {
		return fmt.Sprintf("did you mean %q?", here)
	}
	return DidYouMean(name, known)
}
