// Kotlin, Android: HttpURLConnection and org.json are part of the system. Call it off the main thread.
import java.net.HttpURLConnection
import java.net.URI
import java.net.URL
import org.json.JSONArray
import org.json.JSONObject

class Refused(val code: String, message: String) : Exception(message)

class Scanned(
    val token: String,
    val confirmToken: String,
    val confirmation: String,
    val choices: List<String>,
    val warnings: List<String>,
    val site: String,
    val asking: JSONObject, // browser, ip, place, age
)

class QRLogin(private val site: URI, private val bearer: String) {
    /** The token in a link that the camera read; null if it is not a login code of this site. */
    fun tokenIn(link: String): String? {
        val uri = runCatching { URI(link) }.getOrNull() ?: return null
        if (uri.scheme != site.scheme || uri.authority != site.authority) return null
        return Regex("/qrlogin/s/([A-Za-z0-9_-]{38})").matchEntire(uri.path)?.groupValues?.get(1)
    }

    fun tokenOf(typedCode: String): String =
        post("/qrlogin/api/code", JSONObject().put("code", typedCode)).getString("token")

    fun scan(token: String): Scanned {
        val answer = post("/qrlogin/api/scan", JSONObject().put("token", token))
        return Scanned(
            token,
            answer.getString("confirm_token"),
            answer.getString("confirmation"),
            answer.getJSONArray("choices").texts(),
            answer.getJSONArray("warnings").texts(),
            answer.getString("site"),
            answer.getJSONObject("asking"),
        )
    }

    /** number: what the person picked (confirmation "match") or typed ("reauth"); null for "tap". */
    fun approve(scanned: Scanned, number: String?, remember: Boolean = false) {
        val body = decision(scanned).put("remember", remember)
        if (number != null) body.put("number", number)
        post("/qrlogin/api/approve", body)
    }

    fun deny(scanned: Scanned) {
        post("/qrlogin/api/deny", decision(scanned))
    }

    private fun decision(scanned: Scanned) =
        JSONObject().put("token", scanned.token).put("confirm_token", scanned.confirmToken)

    private fun post(path: String, body: JSONObject): JSONObject {
        val connection = URL("$site$path").openConnection() as HttpURLConnection
        connection.instanceFollowRedirects = false // The token is for this site alone.
        connection.requestMethod = "POST"
        connection.doOutput = true
        connection.setRequestProperty("Content-Type", "application/json")
        connection.setRequestProperty("Authorization", "Bearer $bearer")
        connection.outputStream.use { it.write(body.toString().toByteArray()) }
        val good = connection.responseCode == 200
        val stream = if (good) connection.inputStream else connection.errorStream
        val answer = JSONObject(stream.bufferedReader().use { it.readText() })
        if (!good) throw Refused(answer.getString("code"), answer.optString("detail", answer.getString("title")))
        return answer
    }
}

private fun JSONArray.texts() = List(length()) { getString(it) }
